"""What becomes of a client's memory and session, on platforms of one client: room to the byte, handles to the last,
one secure thread. Each is also set against the executable model."""

from __future__ import annotations

import pytest

from tests.small import disagreements, small

ONE = """
platform: one-client
secure_world: {WORLD, heap: {size: 65536, base_use: BASE}, supplicant: {present: false}}
drivers: {holder: {kind: tee-client, needs: [tee], hooks: {probe: [PROBE], shutdown: []}}}
devices: {held: {driver: holder}}
kernels: {prod: {version: VERSION}}
handoffs: [prod -systemctl kexec-> prod]
assume: {in_flight: none, registration_fails: FAILS}
"""
KEPT = 96
"""72 bytes and 8 for the page, in steps of 16, and a header of 16: mobj_dyn_shm.c, bget_malloc.c of OP-TEE."""
LIST, ARGUMENT = 16 + 16, 96
"""While it registers: the list of pages (entry_std.c), and the page of the call's argument, which is mapped alike."""
SMC, FFA = "optee: 3.13.0", "optee: 4.4.0, abi: ffa, spmc: s-el1, handles: HANDLES"
WAYS = (
    ("tee_shm_alloc, buffer: page, size: 4KiB, flags: [mapped, dma_buf]", SMC, "5.10"),
    ("tee_shm_alloc_kernel_buf, buffer: page, size: 4KiB", SMC, "6.6"),
    ("tee_shm_register_kernel_buf, buffer: page, size: 4KiB", SMC, "6.6"),
    ("tee_shm_alloc, buffer: page, size: 4KiB, flags: [mapped, dma_buf]", FFA, "5.17"),
    ("tee_shm_alloc_kernel_buf, buffer: page, size: 4KiB", FFA, "6.6"),
    ("tee_shm_alloc_priv_buf, buffer: page, size: 4KiB", FFA, "6.6"),
    ("tee_shm_register_kernel_buf, buffer: page, size: 4KiB", FFA, "6.6"),
)
"""Each way to allocate where it registers what it allocates. Over FF-A private memory is shared as well: the pool of
drivers/tee/optee/ffa_abi.c shares whatever it hands out."""
HELD = {"held.at": "bound", "held.page.state": "registered"}


def one(way: tuple[str, str, str], room: int, handles: int = 64, fails: bool = False) -> str:
    """A platform with `room` bytes left in the heap, and one client that does one thing in its probe."""
    do, world, version = way
    more = ", features: {ffa-core-shutdown: true}" if world == FFA else ""
    filled = {"WORLD": world, "HANDLES": str(handles), "BASE": str(65536 - room), "PROBE": f"{{do: {do}}}",
              "VERSION": f'"{version}"{more}', "FAILS": str(fails).lower()}  # fmt: skip
    text = ONE
    for word, value in filled.items():
        text = text.replace(word, value)
    return text


def of_each(way: tuple[str, str, str]) -> tuple[int, int, int]:
    """Bytes that each kernel leaves, bytes it keeps before the client's turn, and bytes the client's page needs."""
    _, world, version = way
    argument = KEPT if world == FFA and version != "5.17" else 0
    return KEPT + argument, argument, KEPT if world == FFA else KEPT + LIST + ARGUMENT


@pytest.mark.parametrize("way", WAYS)
def test_memory_is_registered_as_long_as_there_is_room_for_it(way: tuple[str, str, str]) -> None:
    left, before, need = of_each(way)

    enough = small(one(way, before + need))
    assert enough.handoffs_to(HELD) == 0
    assert enough.handoffs_to({"held.at": "failed", "entered": "none"}) is None
    short = small(one(way, before + need - 1))
    assert short.handoffs_to(HELD) is None
    assert short.handoffs_to({"held.at": "failed", "held.page.state": "none"}) == 0
    assert short.handoffs_to({"held.refused": True}) is None

    third = {"tee.stale_bytes": 2 * left}
    enough = small(one(way, 2 * left + before + need))
    assert enough.handoffs_to(HELD | third) == 2
    assert enough.handoffs_to({"held.at": "failed"} | third) is None
    short = small(one(way, 2 * left + before + need - 1))
    assert short.handoffs_to(HELD | third) is None
    assert short.handoffs_to({"held.at": "failed", "held.refused": True, "held.page.state": "none"} | third) == 2
    assert short.handoffs_to({"held.at": "bound", "held.refused": True}) is None
    assert disagreements(one(way, 2 * left + before + need)) == []
    assert disagreements(one(way, 2 * left + before + need - 1)) == []


@pytest.mark.parametrize("way", [way for way in WAYS if way[1] == FFA])
def test_memory_is_shared_as_long_as_there_is_a_handle_for_it(way: tuple[str, str, str]) -> None:
    """Each kernel has one share for itself where it keeps an argument, and one for its client."""
    before = 0 if way[2] == "5.17" else 1
    room = 20000

    alone = small(one(way, room, before + 1))
    assert alone.handoffs_to(HELD) == 0
    assert alone.handoffs_to({"held.refused": True}) == 1

    each = before + 1
    second = {"tee.stale_handles": each}
    enough = small(one(way, room, 2 * each))
    assert enough.handoffs_to(HELD | second) == 1
    assert enough.handoffs_to({"held.at": "failed"} | second) is None
    short = small(one(way, room, 2 * each - 1))
    assert short.handoffs_to(HELD | second) is None
    assert short.handoffs_to({"held.at": "failed", "held.refused": True} | second) == 1
    assert disagreements(one(way, room, 2 * each - 1)) == []


@pytest.mark.parametrize("do", [way[0] for way in WAYS if way[1] == FFA])
def test_a_client_that_wants_more_handles_than_there_are_is_refused_and_no_dead_kernel_is_to_blame(do: str) -> None:
    """The second of its two pages; the probe gives the first one back."""
    text = one((do, FFA, "5.17"), 20000, 1).replace(
        f"{{do: {do}}}", f"{{do: {do}}}, {{do: {do.replace('page', 'more')}}}"
    )
    rules = small(text)

    assert rules.handoffs_to({"held.page.state": "registered"}) == 0
    assert rules.handoffs_to({"held.at": "failed", "held.page.state": "none"}) == 0
    assert rules.handoffs_to({"held.at": "bound"}) is None
    assert rules.handoffs_to({"held.refused": True}) is None
    assert disagreements(text) == []


@pytest.mark.parametrize("do", [way[0] for way in WAYS if way[1] == FFA])
def test_a_partition_manager_that_compares_shares_refuses_a_page_that_one_dead_kernel_shared(do: str) -> None:
    """Nothing is refused before a kernel has left a share; a single share suffices (Trusted Firmware's manager). A
    kernel before 5.19 keeps no share for arguments."""
    text = one((do, FFA, "5.17"), 20000).replace("s-el1", "el3")
    rules = small(text)

    assert rules.handoffs_to(HELD | {"tee.stale_handles": 1}) == 1
    assert rules.handoffs_to({"held.refused": True, "tee.stale_handles": 1}) == 1
    assert rules.handoffs_to({"held.refused": True, "held.at": "bound"}) is None
    assert rules.handoffs_to_harm("KX103") == 1
    assert disagreements(text) == []


def on_the_bus(text: str) -> str:
    """The same platform with its client on the TEE bus."""
    return text.replace("holder: {kind: tee-client,", "holder: {kind: tee-client, bus: tee,")


def test_over_ff_a_the_list_of_the_tee_bus_needs_a_share_beside_the_page_for_arguments() -> None:
    """Where it is refused the probe fails, and the page for arguments stays shared (drivers/tee/optee/ffa_abi.c)."""
    way = WAYS[4]
    short, enough = (on_the_bus(one(way, 20000, handles)) for handles in (1, 2))
    failed = {"optee-ffa.at": "failed", "optee-ffa.args.state": "registered", "held.at": "failed"}

    assert small(short).handoffs_to(failed) == 0
    assert small(short).handoffs_to({"optee-ffa.at": "bound", "entered": "none"}) is None
    assert small(enough).handoffs_to(HELD) == 0
    assert small(enough).handoffs_to(failed | {"entered": "none"}) is None
    assert small(enough).handoffs_to({"tee.page_refused": True, "tee.unlisted": True, "held.at": "failed"}) == 1
    assert disagreements(short) == []
    assert disagreements(enough) == []


def test_without_a_page_for_its_arguments_the_probe_goes_on_with_an_empty_bus() -> None:
    """A client of the bus is then never found; one of the platform bus probes, and its call has no page either."""
    opens = "tee_client_open_session, {do: tee_shm_alloc_kernel_buf, buffer: page, size: 4KiB}"
    text = one(WAYS[1], 400).replace("optee: 3.13.0", "optee: 4.4.0")
    text = text.replace("{do: tee_shm_alloc_kernel_buf, buffer: page, size: 4KiB}", opens)
    empty = {"optee.at": "bound", "tee.unlisted": True, "tee.page_refused": True, "held.at": "failed"}

    assert small(text).handoffs_to(empty | {"held.session": False}) is not None
    assert small(on_the_bus(text)).handoffs_to(empty) is not None
    assert small(text).handoffs_to({"optee.at": "failed"}) is None
    assert disagreements(text) == []
    assert disagreements(on_the_bus(text)) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_registration_that_fails_in_the_kernel_itself_fails_the_probe(way: tuple[str, str, str]) -> None:
    failing, sound = small(one(way, 20000, fails=True)), small(one(way, 20000))
    failed = {"held.at": "failed", "held.page.state": "none"}

    assert failing.handoffs_to(failed) == 0
    assert sound.handoffs_to(failed | {"entered": "none"}) is None
    assert disagreements(one(way, 20000, fails=True)) == []


def test_what_was_not_accepted_is_forgotten_with_the_kernel_that_did_not() -> None:
    text = """
platform: two-kernels
secure_world: {optee: 3.13.0, heap: {size: 65536, base_use: 20000}, supplicant: {present: false}}
drivers: {private: {kind: tee-client, hooks: {probe: [
  {do: tee_shm_alloc, buffer: page, size: 4KiB, flags: [mapped, priv]}], shutdown: []}}}
devices: {held: {driver: private}}
kernels:
  old: {version: "5.10", features: {tee-shm-priv-accepted: false}}
  new: {version: "5.10", features: {tee-shm-priv-accepted: true}}
first: old
handoffs: [old -kexec-> new]
"""
    rules = small(text)

    assert rules.handoffs_to({"held.api_refused": True, "held.at": "failed", "kernel": "old"}) == 0
    assert rules.handoffs_to({"held.at": "bound", "kernel": "new"}) == 1
    assert rules.handoffs_to({"held.api_refused": True, "kernel": "new"}) is None
    assert disagreements(text) == []


@pytest.mark.parametrize(
    ("version", "flags", "accepted"),
    [
        ("5.10", "mapped, dma_buf", True), ("5.10", "mapped, register", False), ("5.10", "mapped, priv", False),
        ("5.14", "mapped, priv", True), ("5.14", "mapped, register", False), ("5.17", "mapped, dma_buf", True),
        ("5.18", "mapped, dma_buf", False), ("6.12", "mapped", False),
    ],
)  # fmt: skip
def test_tee_shm_alloc_takes_the_flags_of_its_kernel_and_is_gone_since_5_18(
    version: str, flags: str, accepted: bool
) -> None:
    text = f"""
platform: flags
secure_world: {{optee: 3.13.0, heap: {{size: 65536, base_use: 20000}}, supplicant: {{present: false}}}}
drivers: {{own: {{kind: tee-client, needs: [tee], hooks: {{probe: [
  {{do: tee_shm_alloc, buffer: page, size: 4KiB, flags: [{flags}]}}], shutdown: []}}}}}}
devices: {{held: {{driver: own}}}}
kernels: {{prod: {{version: "{version}"}}}}
"""
    assert (small(text).handoffs_to({"held.api_refused": True, "held.at": "failed"}) == 0) is not accepted
    assert disagreements(text) == []


@pytest.mark.parametrize(("room", "opens", "caches"), [(271, None, None), (272, 0, None), (367, 0, None), (368, 0, 0)])
def test_a_session_takes_an_rpc_only_where_its_argument_finds_room(
    room: int, opens: int | None, caches: int | None
) -> None:
    """160 bytes for the session and its header of 16, 96 for the page of the call's argument, 96 for the RPC's."""
    text = f"""
platform: chatty
secure_world:
  optee: 3.13.0
  threads: 1
  heap: {{size: 65536, base_use: {65536 - room}}}
  services: {{chatty: {{makes_rpc: true}}}}
drivers: {{talker: {{kind: tee-client, needs: [tee], hooks: {{probe: [tee_client_open_session], shutdown: []}}}}}}
devices: {{held: {{driver: talker, service: chatty}}}}
kernels: {{prod: {{version: "5.10"}}}}
"""
    rules = small(text)

    assert rules.handoffs_to({"held.session": True}) == opens
    assert rules.handoffs_to({"held.session": True, "tee.cache_own": 1}) == caches
    assert disagreements(text) == []


@pytest.mark.parametrize("version", ["5.10", "6.6"])
def test_a_client_gives_back_its_memory_and_session_with_one_secure_thread(version: str) -> None:
    """Both are calls, and one thread is enough for one call after the other."""
    text = f"""
platform: one-thread
secure_world: {{optee: 3.13.0, heap: {{size: 65536, base_use: 20000}}, threads: 1, supplicant: {{present: false}}}}
devices: {{held: {{driver: generic-tee-client-shutdown}}}}
kernels: {{prod: {{version: "{version}"}}}}
handoffs: [prod -systemctl kexec-> prod]
assume: {{in_flight: none, registration_fails: false}}
"""
    rules = small(text)

    assert rules.handoffs_to({"held.at": "shut", "held.session": False}) == 0
    assert rules.handoffs_to({"held.session": True, "entered": "kexec"}) == 1
    assert rules.handoffs_to({"held.orphan": True}) is None
    assert rules.handoffs_to_harm("KX102") == (1 if version == "5.10" else None)
    assert disagreements(text) == []


def test_a_reset_that_does_not_clear_the_secure_world_keeps_what_was_left_there() -> None:
    text = """
platform: warm
secure_world: {optee: 3.13.0, heap: {size: 65536, base_use: 20000}, supplicant: {present: false}}
devices: {held: {driver: generic-tee-client}}
kernels: {prod: {version: "6.6"}}
handoffs: [{from: prod, to: prod, kind: systemctl kexec, at_most: 1}, prod -reboot-> prod]
assume: {in_flight: none, registration_fails: false}
"""
    kept = {"held.page.left": True, "held.orphan": True, "entered": "reboot"}
    warm = text + "resets: {warm_clears: [smmus, devices]}\n"

    assert small(text).handoffs_to(kept) is None
    assert small(warm).handoffs_to(kept) == 2
    assert disagreements(warm) == []


@pytest.mark.parametrize("world", ["amdtee: true", "optee: 3.13.0, dynamic_shm: false"])
def test_a_buffer_of_its_own_is_not_accepted_where_none_can_be_registered(world: str) -> None:
    text = one(("tee_shm_register_kernel_buf, buffer: page, size: 4KiB", world, "6.6"), 20000)
    rules = small(text)

    assert rules.handoffs_to({"held.api_refused": True, "held.at": "failed"}) == 0
    assert rules.handoffs_to({"held.at": "bound"}) is None
    assert disagreements(text) == []


def test_user_space_calls_until_it_is_stopped() -> None:
    text = """
platform: callers
secure_world: {optee: 3.13.0, threads: 1, heap: {base_use: 20000}, supplicant: {present: false}}
kernels: {prod: {version: "5.14", user_space: {sessions: 1}}}
handoffs: [prod -kexec -e-> prod, prod -systemctl kexec-> prod]
"""
    rules = small(text)

    assert rules.may_fire("tee.user_call_enters", {"phase": "up"})
    for edge in rules.platform.edges:
        during = {"phase": "down", "leaving": edge.name}
        assert rules.may_fire("tee.user_call_enters", during) is not edge.user_stopped
