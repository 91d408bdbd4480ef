# SPDX-License-Identifier: Apache-2.0
"""Hearth's daemon takes over from Debian's oxenstored, by the dump that this hands over."""

import os

import pytest
from store import (CONTROL, DEBIAN, GET_PERMS, HEARTH, INTRODUCE, SET_PERMS, WATCH, Daemon, Guest,
                   StoreError)

OCAML = DEBIAN / "lib/xen-4.17/bin/oxenstored"


class Oxenstored(Daemon):
    """It takes none of the C daemon's options; the stand-in moves its fixed paths here."""

    def __init__(self):
        super().__init__(OCAML)

    def start(self):
        config = self.dir / "conf"
        config.write_text("\n".join(
            f"{key} = {self.dir}/{name}" for key, name in (
                ("pid-file", "pid"), ("access-log-file", "access"),
                ("xenstored-kva", "xsd_kva"), ("xenstored-port", "xsd_port"))) + "\n")
        self.command = [OCAML, "--no-fork", "--config-file", config]
        super().start()

    def update(self, target):
        """As xenstore-control: asks again while the answer is BUSY. Status, output."""
        return self.tool("control", "live-update", "-t", "5", str(target))

    def runs(self):
        return os.readlink(f"/proc/{self.process.pid}/exe")


def everything(client, path="/"):
    """Path, value and permissions of each node. (oxenstored shows the special nodes among them.)"""
    found = [(path, client.read_node(path), client.call(GET_PERMS, path))]
    for name in sorted(n for n in client.directory(path) if n[0] != "@"):
        found += everything(client, (path if path != "/" else "") + "/" + name)
    return found


class People:
    def __init__(self, daemon):
        self.daemon = daemon
        self.boss, self.watcher = daemon.connect(), daemon.connect()
        for n in range(40):
            self.boss.write_node(f"/n/{n % 10}/{n}", f"value {n}")
        self.boss.write_node("/bytes", bytes(range(256)))
        self.boss.write_node("/empty", "")
        self.guest = Guest(daemon, 1, port=3)
        self.boss.call(INTRODUCE, 1, 10, 3)
        self.boss.write_node("/local/domain/1", "")
        self.boss.call(SET_PERMS, "/local/domain/1", "n1", "r2", "b3")
        self.guest.call(WATCH, "data", "its, token")
        self.guest.write_node("data", "mine")
        self.watcher.call(WATCH, "/n", "all")
        self.watcher.drain()
        self.guest.drain()
        self.before = everything(self.boss)

    def check(self):
        assert everything(self.boss) == self.before
        assert self.guest.read_node("data") == b"mine"
        with pytest.raises(StoreError, match="EACCES"):
            self.guest.write_node("/n/1", "not its own")
        self.boss.write_node("/n/1/1", "changed")
        assert self.watcher.drain() == [(b"/n/1/1", b"all")]
        self.boss.write_node("/local/domain/1/data", "new")
        assert self.guest.drain() == [(b"data", b"its, token")]
        self.boss.call(WATCH, "@releaseDomain", "r")
        self.boss.drain()
        self.daemon.end_domain(1)
        while (b"@releaseDomain", b"r") not in self.boss.events:
            self.boss.events += self.boss.drain(0.1)
        with pytest.raises(StoreError, match="ENOENT"):
            self.boss.read_node("/local/domain/1")


def test_takes_over():
    with Oxenstored() as daemon:
        people = People(daemon)
        number = daemon.process.pid
        assert daemon.update(HEARTH) == (0, "")
        assert daemon.runs() == str(HEARTH) and daemon.process.pid == number
        people.check()
        assert people.boss.call(CONTROL, "check") == b"OK\0"
        assert not (daemon.dir / "db").exists()
        # From here on it is updated as ever.
        assert daemon.update(HEARTH) == (0, "")
        people.watcher.write_node("/after", "1")
        assert people.boss.read_node("/after") == b"1"


def test_the_answer_comes_once():
    with Oxenstored() as daemon:
        boss = daemon.connect()
        assert daemon.update(HEARTH) == (0, "")
        assert boss.call(CONTROL, "live-update", "-s") == b"Not in live-update session.\0"


def script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def damaging(daemon, change):
    """A program that damages the dump before Hearth's daemon sees it. What that goes back to is a
    script, too: with the dump as it was, oxenstored."""
    back = script(daemon.dir / "back", f'mv {daemon.dir}/good {daemon.dir}/db\nexec {OCAML} "$@"\n')
    (daemon.dir / "damage.py").write_text(
        f"import pathlib\np = pathlib.Path('{daemon.dir}/db')\nt = p.read_text()\nwas = t\n"
        f"t = t.replace('{str(OCAML).encode().hex()}', '{str(back).encode().hex()}')\n"
        f"before, t = t, {change}\nassert t != before\np.write_text(t)\n"
        f"pathlib.Path('{daemon.dir}/good').write_text(was)\n")
    return script(daemon.dir / "new", f"""case " $* " in *" --help "*) exit 0;; esac
env -u LD_PRELOAD -u LD_LIBRARY_PATH /usr/bin/python3 {daemon.dir}/damage.py || exit 1
exec {HEARTH} "$@"
""")


BAD = {
    "cut in a line": "t[:t.rindex('store,') + 20]",
    "no number": "t.replace(',6e31', ',6e3g', 1)",
    "unknown kind": "t + 'noise\\n'",
    "field too many": "t.replace('global,', 'global,9,', 1)",
    "no such socket": "t.replace('socket,', 'socket,99', 1)",
    "no such event device": "t.replace('evtchn-dev,', 'evtchn-dev,9', 1)",
    "child without its parent": "t.replace('\\nstore,2f6e,', '\\nstore,2f6d,', 1)",
    "watch of nobody": "t.replace('watch,1,', 'watch,2,', 1)",
    "domain twice": "t.replace('socket,', 'dom,1,10,3,9\\nsocket,', 1)",
    "empty": "''",
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_goes_back(change):
    """It loads the state in a child first. If that rejects it, oxenstored serves on."""
    with Oxenstored() as daemon:
        people = People(daemon)
        number = daemon.process.pid
        daemon.update(damaging(daemon, change))
        if change == "''":
            assert daemon.process.wait(60) != 0  # who was there before is not known either
            return
        assert daemon.runs() == str(OCAML) and daemon.process.pid == number
        people.check()


def test_a_program_that_is_none():
    """oxenstored asks a program whether it takes its arguments; Hearth's does."""
    with Oxenstored() as daemon:
        people = People(daemon)
        status, said = daemon.update(script(daemon.dir / "none", "exit 1\n"))
        assert status != 0 and said
        assert daemon.runs() == str(OCAML)
        people.check()
