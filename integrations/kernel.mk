# For a kernel tree: judges the boards whose device trees were built with the drivers of this tree. It only warns.
#
#   make ARCH=arm64 dtbs
#   make -f PATH/TO/kernel.mk ARCH=arm64 kexecspec
#
# O= is the folder of the build, as for the kernel; KEXECSPEC_FLAGS takes more arguments, such as --tee 4.0.0.
O ?= .
ARCH ?= arm64
KEXECSPEC ?= kexecspec
KEXECSPEC_FLAGS ?=

.PHONY: kexecspec
kexecspec:
	@test -d $(O)/arch/$(ARCH)/boot/dts || { echo "no device trees under $(O)/arch/$(ARCH)/boot/dts: make dtbs" >&2; exit 2; }
	@mkdir -p $(O)/.kexecspec
	$(KEXECSPEC) audit --kernel . --dtbs $(O)/arch/$(ARCH)/boot/dts \
		$(if $(wildcard $(O)/.config),--config $(O)/.config) --results $(O)/.kexecspec/audit.jsonl --exit-zero $(KEXECSPEC_FLAGS)
