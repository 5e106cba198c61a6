"""The user manager goes down while games run."""

import time

from world import AGENT, BUS, ROOT, Scenario, journal, manager, options, run, running, systemctl, until


class Logout(Scenario):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.log_in)

    def log_in(self):
        run("sudo", "systemctl", "start", "user@1000.service")

    def log_out(self, *sessions):
        """The user manager goes down and comes back; the bus with it."""
        began = time.monotonic()
        run("sudo", "systemctl", "stop", "user@1000.service")
        took = time.monotonic() - began
        self.log_in()
        BUS.__init__()
        BUS.match(f"type='signal',sender='{AGENT}',path_namespace='{ROOT}'")
        for session in sessions:
            until(lambda: manager("ListEnded", "a{sv}", options(Id=session.id)), "the record of the end")
            record = manager("ListEnded", "a{sv}", options(Id=session.id))[0]
            self.assertEqual(record["Outcome"], "stopped", record)
            entries = journal(f"DILLINGER_SESSION_ID={session.id}", "DILLINGER_STATE=ended")
            self.assertEqual([one["DILLINGER_OUTCOME"] for one in entries], ["stopped"])
        return took

    def test_logout_while_games_run(self):
        took = self.log_out(running("/bin/sleep", "600"), running("/bin/sleep", "600"))
        self.assertLess(took, 20)

    def test_logout_with_a_paused_session(self):
        session = running("/bin/sleep", "600")
        session("Pause")
        took = self.log_out(session)
        self.assertLess(took, 20)

    def test_logout_without_an_agent(self):
        session = running("/bin/sleep", "600")
        systemctl("stop", "dillinger-runner.service")
        self.assertLess(self.log_out(session), 20)
