static struct pci_driver x = { .id_table = ids, .shutdown = pci_clear_master, .driver = { .pm
#if A
#elif B
static const struct pci_device_id ids[] = { { PCI_DEVICE(0x1af4, 0x1041) }, { PCI_VDEVICE(INTEL, X) }, {} };
static struct amba_driver y = { .id_table = (struct amba_id[]){ { .id = 0x41330, .mask = 0xfffff } },
int f(void)
{
	if (a) { while (b) for_each_child_of_node(
