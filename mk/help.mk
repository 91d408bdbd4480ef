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
  unit fuzz lint     one suite; boot-test, guest-test...: any of tests/suite
  soak               the long versions
  bench              instruction counts beside Debian's Xen
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
