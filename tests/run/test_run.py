# SPDX-License-Identifier: Apache-2.0
"""./run on arm64 with and without a terminal, on the architectures that only start, and misused."""

import os

import pexpect
import pytest
from script import TOP, USERS, run


def test_tour_from_a_terminal_into_a_pipe():
    """`./run | tee log`: whoever cannot see a prompt gets the tour."""
    master, terminal = os.openpty()
    status, out = run("./run", stdin=terminal)
    os.close(master)
    os.close(terminal)
    assert "The tour is over" in out and status == 0, out[-3000:]


def test_terminal():
    child = pexpect.spawn("./run", cwd=TOP, env=USERS, timeout=120, encoding="utf-8",
                          codec_errors="replace")
    child.expect("Ctrl-A x: leave")
    child.expect("hearth-init: dom0 up")
    child.expect("dom0 # ")
    child.send("echo dom0 is $((6 * 7))\r")
    child.expect("dom0 is 42")
    child.send("\x11\x11\x11")
    child.expect("Serial input to")
    child.send("\x01x")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize("arch, last", [("x86", "halted: the machine can be switched off"),
                                        ("riscv64", "the machine is powered off")])
def test_starts_and_halts(arch, last):
    status, out = run("./run", f"ARCH={arch}")
    assert f"Hearth version 0.1 ({arch})" in out and last in out and status == 0, out[-3000:]


def test_a_start_that_fails_is_told():
    """A machine that ends without the last line, as after a triple fault, is no success."""
    status, out = run("tests/boot/run", "--arch", "x86", "--hypervisor", "/dev/null")
    assert status == 1 and "the end of the start-up was not seen" in out, out[-3000:]


@pytest.mark.parametrize("words, status", [
    (["./run", "--help"], 0), (["./run", "-h"], 0), (["./run", "ARCH=host"], 2),
    (["./run", "ARCH="], 2), (["./run", "x86"], 2), (["./run", "--debug"], 2),
    (["./test", "--help"], 0), (["./test", "-h"], 0), (["./test", "--quick"], 2)])
def test_usage(words, status):
    got, out = run(*words)
    assert got == status and out.startswith(f"{words[0]} ["), out


def test_named_suites_alone_run():
    """In a make that only says what it would do."""
    for words in (["lint", "unit"], ["SUITES=lint unit"]):
        status, out = run("./test", *words, env={"MAKEFLAGS": "n"})
        assert status == 0 and out.split()[-3:] == ["tests/suite", "lint", "unit"], out
