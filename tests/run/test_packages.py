# SPDX-License-Identifier: Apache-2.0
"""mk/packages.sh where a package is missing: as root, with sudo, su or neither; all stand-ins."""

import os
import shutil

import pytest
from script import run

INSTALL = "apt-get -q -y -o Dpkg::Use-Pty=0 install --no-install-recommends qemu-system-x86"


@pytest.fixture
def machine(tmp_path):
    """machine(uid, *has): the environment of a user there, whose programs say what they do."""
    def make(uid, *has):
        programs = {"id": f"echo {uid}", "dpkg-query": "exit 1", "apt-get": 'echo "apt-get $*"',
                    "sudo": 'echo asked sudo; "$@"', "su": 'echo asked su; sh "$@"'}
        for name in ("id", "dpkg-query", "apt-get", *has):
            (tmp_path / name).write_text(f"#!/bin/sh\n{programs[name]}\n")
            (tmp_path / name).chmod(0o755)
        for name in ("sh", "sed", "dirname"):
            (tmp_path / name).symlink_to(shutil.which(name))
        return {"PATH": str(tmp_path)}
    return make


@pytest.mark.parametrize("uid, has, asked", [
    (0, ["sudo", "su"], None), (1000, ["sudo", "su"], "asked sudo"), (1000, ["su"], "asked su")])
def test_installs(machine, uid, has, asked):
    master, terminal = os.openpty()
    status, out = run("mk/packages.sh", "x86", env=machine(uid, *has), stdin=terminal)
    os.close(master)
    os.close(terminal)
    assert status == 0 and "apt-get -q update" in out and INSTALL in out, out
    assert [line for line in out.splitlines() if line.startswith("asked")] == [asked] * bool(asked)


def test_says_how_where_nobody_can_be_asked(machine):
    status, out = run("mk/packages.sh", "x86", env=machine(1000, "su"))
    assert status == 1 and "run this once as root" in out and "asked" not in out, out
