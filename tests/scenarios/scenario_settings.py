"""Settings files, reload, and the way over daemon-reload."""

from world import (
    MESSAGES, Scenario, journal, manager, restart_agent, running, settings, start, systemctl, unit,
)


class Settings(Scenario):
    def setUp(self):
        super().setUp()
        self.addCleanup(lambda: (settings(None), restart_agent()))

    def reload(self):
        manager("ListSessions")
        systemctl("reload", "dillinger-runner.service")

    def settings_findings(self):
        return [one for one in manager("Diagnose") if "settings" in one["Id"]]

    def test_defaults(self):
        settings('[session]\nMemoryMax = "200M"\nCPUQuota = "50%"\nNetwork = "none"\nTimeoutStopSec = 3\nEnvironment = ["A=1"]\n')
        self.reload()
        session = running("/bin/sleep", "600")
        wanted = {"MemoryMax": 200 << 20, "CPUQuotaPerSecUSec": 500_000, "Network": "none", "TimeoutStopUSec": 3_000_000,
                  "Environment": ["A=1"]}
        everything = session.all()
        self.assertEqual({key: everything[key] for key in wanted}, wanted)
        self.assertEqual(session.cgroup("memory.max").read_text().strip(), str(200 << 20))
        other = running("/bin/sleep", "600", MemoryMax=100 << 20)
        self.assertEqual(other.get("MemoryMax"), 100 << 20)

    def test_fragments_go_over_the_main_file(self):
        path = settings('[session]\nMemoryMax = "200M"\nTasksMax = 50\n')
        fragments = path.with_name("runner.toml.d")
        fragments.mkdir(exist_ok=True)
        (fragments / "10-a.toml").write_text('[session]\nMemoryMax = "300M"\n')
        self.addCleanup(fragments.rmdir)
        self.addCleanup((fragments / "10-a.toml").unlink)
        self.reload()
        session = running("/bin/sleep", "600")
        self.assertEqual((session.get("MemoryMax"), session.get("TasksMax")), (300 << 20, 50))

    def test_broken_files_keep_the_last_good_settings(self):
        settings('[session]\nMemoryMax = "200M"\n')
        self.reload()
        path = settings('[session]\nMemoryMax = "lots"\nNonsense = 1\n\n[cielings]\nMaxSessions = "x"\n')
        self.reload()
        self.assertEqual(unit("dillinger-runner.service", "ActiveState")["ActiveState"], "active")
        self.assertEqual(running("/bin/sleep", "600").get("MemoryMax"), 200 << 20)
        entry = journal(f"MESSAGE_ID={MESSAGES['settings-rejected']}")[-1]
        finding = next(one for one in self.settings_findings() if one["Status"] == "error")
        for text in entry["DILLINGER_PROBLEMS"], finding["Summary"] + finding["Remedy"] + finding["Why"]:
            self.assertIn(str(path).rpartition("/")[2], text)
            for key in "MemoryMax", "Nonsense", "cielings":
                self.assertIn(key, text)
        self.assertIn(":2", entry["DILLINGER_PROBLEMS"])
        settings('[session]\nMemoryMax = "201M"\n')
        self.reload()
        self.assertEqual(running("/bin/sleep", "600").get("MemoryMax"), 201 << 20)
        self.assertEqual([one["Status"] for one in self.settings_findings()], ["ok"])

    def test_syntax_error_at_the_start_of_the_agent(self):
        settings("this is = = not TOML")
        restart_agent()
        self.assertEqual(running("/bin/sleep", "600").get("State"), "running")
        self.assertIn("error", [one["Status"] for one in self.settings_findings()])

    def test_daemon_reload_always(self):
        settings('[systemd]\nDaemonReload = "always"\n')
        restart_agent()
        before = self.reloads()
        self.assert_end(start("/bin/sh", "-c", "exit 7"), "failed", 7)
        self.assertEqual(self.reloads(), before + 1)

    def test_daemon_reload_is_not_needed(self):
        before = self.reloads()
        self.assert_end(start("/bin/true"), "exited", 0)
        self.assertEqual(self.reloads(), before)

    def reloads(self):
        """How often the user manager was reloaded."""
        return len([one for one in journal("_COMM=systemd", "_UID=1000") if "Reloading" in str(one.get("MESSAGE"))
                    and "finished" not in str(one.get("MESSAGE"))])


class Diagnose(Scenario):
    def test_findings(self):
        findings = manager("Diagnose")
        self.assertGreater(len(findings), 8)
        for one in findings:
            self.assertIn(one["Status"], ("ok", "warning", "error", "unknown"))
            self.assertTrue(one["Id"] and one["Summary"] and one["Why"], one)
            if one["Status"] in ("warning", "error"):
                self.assertTrue(one["Remedy"], one)
        self.assertEqual([one for one in findings if one["Status"] == "error"], [])
        text = str(findings)
        for what in "cpuset", "50-dillinger.conf", "subuid":
            self.assertIn(what, text)

    def test_capabilities(self):
        import world

        capabilities = world.call(world.ROOT, world.PROPERTIES, "Get", "ss", world.MANAGER, "Capabilities")
        self.assertEqual(sorted(capabilities["Controllers"]), ["cpu", "memory", "pids"])
        self.assertEqual(sorted(capabilities["MissingControllers"]), ["cpuset", "io"])
        version = world.run("podman", "version", "--format", "{{.Client.Version}}").strip()
        self.assertEqual(capabilities["PodmanVersion"].split("-")[0], version.split("-")[0])
        self.assertTrue(capabilities["LogsReadable"])
