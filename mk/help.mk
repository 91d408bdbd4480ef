# SPDX-License-Identifier: Apache-2.0

define help_text
make [ARCH=arm64|x86|riscv64|host] [DEBUG=1] [LLVM=1] [V=1] [goal]
  all                the hypervisor: $(out)/hearth and hearth-syms (host: libhearth.a)
  objs               compile only
  tools              the user-space tools: $(out)/tools/ (host: part of all)
  menuconfig         change options; savedefconfig writes them to configs/
  inputs             fetch Debian's kernels, busybox, Xen and headers under build/inputs/
  run                boot it in QEMU (./run installs what is missing first)
  test               every suite (./test installs what is missing first)
  unit fuzz lint proof
                     one suite; the others: build-test boot-test guest-test store-test xl-test
                     run-test
  soak               every suite with the full counts (docs/testing.md): hours
  unit-programs fuzz-programs guests
                     build what these suites run (the first two: ARCH=host; fuzzers: LLVM=1)
  features           the README's table of what the last test run showed
  bench              instruction counts beside Debian's Xen (BENCH_ARGS="--quick")
  bench-store        the same for the store daemons
  xl-image           a Debian dom0 with Xen's tools and a guest's disk: build/xl/
  store-oracle       Debian's store daemon, and what lets it run on this machine
  initramfs          of the guests of ./run and tests/boot
  compile_commands   compile_commands.json for editors
  format             clang-format in place
  clean distclean    remove what was built; with distclean also what was fetched
endef

.PHONY: help clean distclean
help:
	$(info $(help_text))
	@:

clean:
	rm -rf $(addprefix build/,$(foreach a,$(ARCHES),$(a) $(a)-debug $(a)-clang $(a)-debug-clang))

distclean:
	rm -rf build compile_commands.json
