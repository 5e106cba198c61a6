# Dillinger Runner: build, install, check. `make help` lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=
CARGO ?= cargo
WINDOWS_CC ?= x86_64-w64-mingw32-gcc

BINDIR ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec/dillinger-runner
LIBDIR ?= $(PREFIX)/lib
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
SYSCONFDIR ?= /etc

# A prefix inside the home directory is an installation for that user alone. What systemd, D-Bus and Podman read is then
# in his XDG directories; a message catalog, a group and a device can only be there for the whole system.
FOR_USER := $(if $(filter-out /,$(HOME)),$(filter $(HOME)/%,$(PREFIX)))
ifneq ($(FOR_USER),)
USER_DATA := $(or $(XDG_DATA_HOME),$(HOME)/.local/share)
USERUNITDIR ?= $(USER_DATA)/systemd/user
DBUSSERVICEDIR ?= $(USER_DATA)/dbus-1/services
QUADLETDIR ?= $(or $(XDG_CONFIG_HOME),$(HOME)/.config)/containers/systemd
CATALOGDIR ?=
SYSTEMLIBDIR ?=
else
USERUNITDIR ?= $(LIBDIR)/systemd/user
DBUSSERVICEDIR ?= $(DATADIR)/dbus-1/services
# The one directory for all users that every supported Podman reads: 5.x does not look below /usr/share.
QUADLETDIR ?= $(SYSCONFDIR)/containers/systemd/users
CATALOGDIR ?= $(LIBDIR)/systemd/catalog
# What udev, systemd-sysusers and systemd-modules-load read, below it.
SYSTEMLIBDIR ?= $(LIBDIR)
endif

# Compilers and build scripts get nothing of make's: CMake and the makefiles that it writes have variables of the same names,
# such as DESTDIR, and a make that is called further down would take the ones of MAKEFLAGS for its own.
OWN := PREFIX DESTDIR CARGO WINDOWS_CC BINDIR LIBEXECDIR LIBDIR DATADIR MANDIR SYSCONFDIR USERUNITDIR DBUSSERVICEDIR QUADLETDIR \
	CATALOGDIR SYSTEMLIBDIR MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
COMMAND_LINE := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
PLAIN := env $(patsubst %,-u %,$(sort $(OWN) $(COMMAND_LINE)))

RELEASE := target/release
GENERATED := target/gen
CONTEXTS := target/images
BUILT := $(RELEASE)/.dillinger-built
SOURCES := Cargo.toml Cargo.lock \
	$(shell find agent -type f -not -path 'agent/doc/*' -not -path 'agent/*/fuzz/*')

# What is installed, as SOURCE=DESTINATION: programs, files as they are, and files in which paths are filled in.
PROGRAMS = \
	$(RELEASE)/dillinger-runner=$(LIBEXECDIR)/dillinger-runner \
	$(RELEASE)/dillinger-display=$(LIBEXECDIR)/dillinger-display \
	$(RELEASE)/dillinger-sound=$(LIBEXECDIR)/dillinger-sound \
	$(RELEASE)/dillinger-stream=$(LIBEXECDIR)/dillinger-stream \
	$(RELEASE)/dillinger-wine=$(LIBEXECDIR)/dillinger-wine \
	$(RELEASE)/dillinger-launch.exe=$(LIBEXECDIR)/dillinger-launch.exe \
	$(RELEASE)/dillingerctl=$(BINDIR)/dillingerctl \
	$(call context_programs,$(DATADIR)/dillinger/images)
into = $(foreach file,$(1),$(file)=$(2)/$(notdir $(file)))
section = $(foreach n,$(2),$(call into,$(filter %.$(n),$(1)),$(MANDIR)/man$(n)))
# What Podman builds the images from, below the directory $(1): files, and what can be run.
context_files = $(foreach image,base display wine,\
	$(call into,$(filter-out %/install,$(wildcard quadlet/images/$(image)/*)),$(1)/$(image)))
context_programs = $(foreach image,display wine,$(call into,quadlet/images/$(image)/install,$(1)/$(image))) \
	$(call into,$(foreach program,display sound stream,$(RELEASE)/dillinger-$(program)),$(1)/display) \
	$(call into,$(RELEASE)/dillinger-wine $(RELEASE)/dillinger-launch.exe,$(1)/wine)
FILES = \
	$(call into,$(wildcard units/*.slice),$(USERUNITDIR)) \
	$(call into,units/org.dillinger.Runner1.service,$(DBUSSERVICEDIR)) \
	$(call into,$(wildcard agent/api/dbus/*.xml),$(DATADIR)/dbus-1/interfaces) \
	$(if $(CATALOGDIR),$(call into,units/dillinger-runner.catalog,$(CATALOGDIR))) \
	$(if $(SYSTEMLIBDIR),$(call into,units/72-dillinger-runner-uinput.rules,$(SYSTEMLIBDIR)/udev/rules.d)) \
	$(if $(SYSTEMLIBDIR),units/dillinger-runner.sysusers=$(SYSTEMLIBDIR)/sysusers.d/dillinger-runner.conf) \
	$(if $(SYSTEMLIBDIR),units/dillinger-runner.modules-load=$(SYSTEMLIBDIR)/modules-load.d/dillinger-runner.conf) \
	$(call into,agent/runner/share/runner.toml,$(DATADIR)/dillinger) \
	$(call into,$(wildcard quadlet/seccomp/*.json),$(DATADIR)/dillinger/seccomp) \
	$(call into,quadlet/dillinger_library.volume,$(QUADLETDIR)) \
	$(call section,$(wildcard agent/doc/man/* $(GENERATED)/*.1),1 5 7 8) \
	$(GENERATED)/dillingerctl.bash=$(DATADIR)/bash-completion/completions/dillingerctl \
	$(GENERATED)/_dillingerctl=$(DATADIR)/zsh/site-functions/_dillingerctl \
	$(GENERATED)/dillingerctl.fish=$(DATADIR)/fish/vendor_completions.d/dillingerctl.fish \
	$(call context_files,$(DATADIR)/dillinger/images)
TEMPLATES = \
	$(call into,units/dillinger-runner.service,$(USERUNITDIR)) \
	$(call into,$(wildcard quadlet/*.build),$(QUADLETDIR))
# copy MODE,PAIRS,BELOW: lays out pairs.
copy = set -e; for pair in $(2); do install -D -m $(1) "$${pair%%=*}" "$(3)$${pair\#*=}"; done

# Debian's packages of what the programs are built with, of the programs that the demo and the test world call, and of those
# that the checks call.
BUILD_PACKAGES := build-essential cmake gcc-mingw-w64-x86-64-win32 libgstreamer1.0-dev \
	libgstreamer-plugins-base1.0-dev libpixman-1-dev libxkbcommon-dev pkg-config
WORLD_PACKAGES := iproute2 procps python3 python3-pip
CHECK_PACKAGES := alsa-utils binutils dbus dbus-user-session g++-mingw-w64-i686-win32 g++-mingw-w64-x86-64-win32 \
	gstreamer1.0-plugins-good gstreamer1.0-tools libasound2-plugins libxml2-utils mandoc nodejs nsis pulseaudio-utils \
	shellcheck shfmt systemd wixl xkb-data xwayland xz-utils

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: $(BUILT) ## build the programs, manual pages and completions

$(BUILT): $(SOURCES)
	@if [ -n "$(filter install,$(MAKECMDGOALS))" ] && [ -n "$$SUDO_USER" ]; then \
		echo "the programs are not built or out of date: run 'make build' as $$SUDO_USER first" >&2; exit 1; fi
	@$(PLAIN) $(CARGO) build --release --locked --bin dillinger-runner --bin dillinger-display --bin dillinger-sound \
		--bin dillinger-stream --bin dillinger-wine --bin dillingerctl --bin xtask
	@echo "   Compiling dillinger-launch.exe"
	@$(PLAIN) $(WINDOWS_CC) -O2 -s -Wall -Wextra -Werror -municode -Wl,--no-insert-timestamp \
		-o $(RELEASE)/dillinger-launch.exe $(wildcard agent/wine/launch/*.c)
	@rm -rf $(GENERATED)
	@$(RELEASE)/xtask gen $(GENERATED)
	@touch $@

.PHONY: install
install: $(BUILT) ## install below DESTDIR and PREFIX; with a PREFIX in your home, for you alone
	@$(MAKE) --no-print-directory -s install-files

# A make of its own: the generated files are only there to be listed once the build is over.
.PHONY: install-files
install-files:
	@$(call copy,0755,$(PROGRAMS),$(DESTDIR))
	@$(call copy,0644,$(FILES),$(DESTDIR))
	@set -e; for pair in $(TEMPLATES); do to="$(DESTDIR)$${pair#*=}"; install -d "$$(dirname "$$to")"; \
		sed 's|@libexecdir@|$(LIBEXECDIR)|g; s|@datadir@|$(DATADIR)|g' "$${pair%%=*}" >"$$to"; chmod 0644 "$$to"; done
ifeq ($(DESTDIR),)
	@if [ -n "$(CATALOGDIR)" ] && command -v journalctl >/dev/null; then journalctl --update-catalog || true; fi
	@echo "installed; 'systemctl --user daemon-reload' makes a running user manager read the units again"
endif

.PHONY: uninstall
uninstall: ## remove what install has put there, with the same DESTDIR and PREFIX
	@for pair in $(PROGRAMS) $(FILES) $(TEMPLATES); do rm -f "$(DESTDIR)$${pair#*=}"; done

.PHONY: test
test: deps ## run the tests that need neither root nor the test world
	@$(PLAIN) tests/check --test

.PHONY: check
check: deps ## run all checks and tests, in the test world too; with PART=NAME one part alone
	@$(PLAIN) tests/check $(PART)

.PHONY: check-all
check-all: deps ## the same with the long tests in full length
	@$(PLAIN) tests/check --all $(PART)

.PHONY: lint
lint: deps ## static checks alone
	@$(PLAIN) tests/static/run

.PHONY: fmt
fmt: ## format the sources
	$(CARGO) fmt --all

.PHONY: demo
demo: demo-deps ## start a real game and show what happens: here, or in the test world
	@$(PLAIN) tests/demo/run

.PHONY: bench
bench: deps ## measure the agent beside systemd and Podman alone, streamed sessions in a browser, and Windows programs
	@$(PLAIN) tests/bench/run
	@$(PLAIN) tests/bench/streamed/run
	@$(PLAIN) tests/bench/windows/run

.PHONY: images
images: $(BUILT) ## build the container images with Podman
	rm -rf $(CONTEXTS)
	@$(call copy,0755,$(call context_programs,$(CONTEXTS)))
	@$(call copy,0644,$(call context_files,$(CONTEXTS)))
	for image in base display wine; do podman build -t localhost/dillinger/$$image:latest $(CONTEXTS)/$$image || exit; done
	podman build -t localhost/dillinger/freedoom:latest tests/demo

.PHONY: deps
deps: ## install the packages that building and the checks need (Debian)
	@tests/install-packages $(BUILD_PACKAGES) $(WORLD_PACKAGES) $(CHECK_PACKAGES)

.PHONY: demo-deps
demo-deps: ## install the packages that building and the demo need
	@tests/install-packages $(BUILD_PACKAGES) $(WORLD_PACKAGES)
