"""The text that `kexecspec init` writes. It passes its own check; a test sees to that."""

STARTER = """\
# yaml-language-server: $schema=platform.schema.json
# For completion in an editor, beside this file:
#   kexecspec schema platform > platform.schema.json
#   kexecspec schema driver   > driver.schema.json
schema: kexecspec/platform/1
platform: my-board
about: A starting point. Replace each fact by what is true of the machine.

memory:
  ram: [0x8000_0000 + 2GiB]
  # crashkernel: 0xe000_0000 + 256MiB   # where a kdump kernel lives

# The trusted OS. `secure_world: none` if there is none.
secure_world:
  optee: 3.13.0          # its version decides what it does with stale memory
  abi: smc               # or ffa
  threads: 2
  heap: {size: 64KiB, base_use: 20000}
  supplicant: {present: false}

# smmus:
#   smmu0: {variant: "arm,mmu-500"}     # kexecspec show smmus

# Everything that talks to the trusted OS or does DMA; kexecspec show drivers.
# A device that is not listed does not exist for any proof.
devices:
  bnxt: {driver: tee_bnxt_fw}
  # eth0: {driver: fsl_enetc, smmu: smmu0, streams: [0x429], dma: ring}

kernels:
  prod: {version: 5.14}
  # dump: {version: 5.14, kdump: true, duties: [network]}

# Each may happen any number of times, in any order.
handoffs:
  - prod -systemctl kexec-> prod
  # - prod -crash-> dump
  # - dump -reboot-> prod

# What is taken for granted; printed with every verdict.
assume:
  registration_fails: false   # no registration fails for want of the kernel's own memory

# expect:                     # kexecspec test compares
#   KX102: PROVED
"""
