"""Every board of a folder against one kernel tree: what each master can do to the next kernel."""
