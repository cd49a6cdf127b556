"""The plot of the peers: seconds over drivers, both logarithmic, safe and broken beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def plot(seconds: Mapping[tuple[str, str, int], float], kinds: Sequence[str], folder: Path) -> None:
    """Writes peers.svg and peers.png, the same picture, into a folder. Needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "peers"
    from matplotlib import pyplot
    from matplotlib.ticker import NullFormatter, ScalarFormatter

    names = list(dict.fromkeys(name for name, _, _ in seconds))
    sizes = sorted({count for _, _, count in seconds})
    figure, panels = pyplot.subplots(1, len(kinds), figsize=(11, 4.8), sharey=True, layout="constrained")
    for panel, kind in zip(panels, kinds, strict=True):
        for number, name in enumerate(names):
            points = [(count, seconds[name, kind, count]) for count in sizes if (name, kind, count) in seconds]
            if points:
                panel.plot(*zip(*points, strict=True), label=name, **_look(name, number))
        panel.set(xscale="log", yscale="log", title=kind, xlabel="drivers", xticks=sizes)
        panel.xaxis.set_major_formatter(ScalarFormatter())
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.grid(True, which="major", alpha=0.3)
    panels[0].set_ylabel("seconds")
    handles = {label: one for panel in panels for one, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles, loc="outside right upper", fontsize=8)
    figure.savefig(folder / "peers.svg", metadata={"Date": None})
    figure.savefig(folder / "peers.png", dpi=120)
    pyplot.close(figure)


def _look(name: str, number: int) -> dict[str, object]:
    if name == "kexecspec check":
        return {"color": "black", "linewidth": 3, "marker": "o"}
    if name.startswith(("kexecspec", "Python")):
        return {"color": "0.6", "linewidth": 1, "linestyle": ":", "marker": "."}
    return {"color": f"C{number % 10}", "linewidth": 1.3, "marker": "osv^Dx"[number % 6], "markersize": 4}
