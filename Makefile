# memcached_exporter. "make help" lists the targets, "make deps" installs what
# building needs on Debian. Everything that is made lies under build/.

VERSION = 0.1.0
PREFIX = /usr/local
CFLAGS = -O3 -g -flto=auto -fno-plt
AR = gcc-ar
BUILD = build

# Seconds that "make fuzz" spends on each target.
FUZZ_SECONDS = 60

# Debian's packages for building and the demo, and those for the tests besides.
PACKAGES = gcc libc6-dev make pkg-config libevent-dev libssl-dev libyaml-dev \
	libisal-dev libcrypt-dev libmemcached-dev memcached curl
TEST_PACKAGES = chromium chromium-driver clang clang-format clang-tidy \
	clang-tools cppcheck fish git libclang-rt-dev libcmocka-dev libfaketime \
	libmemcached-tools libsasl2-modules mandoc openssl prometheus python3 \
	python3-prometheus-client python3-pytest python3-pytest-xdist \
	python3-yaml sasl2-bin shellcheck strace systemd valgrind zsh

# For another machine, by Debian's cross compiler and the libraries of that
# architecture: make CROSS=aarch64-linux-gnu. What is built runs under qemu-user.
ifdef CROSS
CC = $(CROSS)-gcc
AR = $(CROSS)-gcc-ar
PKG_CONFIG = PKG_CONFIG_LIBDIR=/usr/lib/$(CROSS)/pkgconfig pkg-config
EMULATOR = qemu-$(firstword $(subst -, ,$(CROSS)))
WRAPPER ?= $(EMULATOR)
endif
PKG_CONFIG ?= pkg-config

# What pkg-config calls each library, and the package it comes in.
LIBRARIES = libevent_core:libevent-dev libevent_openssl:libevent-dev \
	libssl:libssl-dev libcrypto:libssl-dev \
	yaml-0.1:libyaml-dev libisal:libisal-dev libcrypt:libcrypt-dev \
	libmemcached:libmemcached-dev
LIBRARY_NAMES = $(foreach l,$(LIBRARIES),$(firstword $(subst :, ,$l)))
LIBRARY_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBRARY_NAMES) 2>/dev/null)
LIBRARY_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBRARY_NAMES) 2>/dev/null)

WARNINGS = -Wall -Wextra -Wformat=2 -Wshadow -Wvla -Wundef -Wwrite-strings \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wcast-qual -Wconversion -Wimplicit-fallthrough
ifdef WERROR
WARNINGS += -Werror
endif

# The option, if the compiler and the processor have it.
cc-option = $(shell $(CC) -Werror $1 -S -x c /dev/null -o /dev/null \
	2>/dev/null && echo '$1')

# A sanitizer brings checks of its own, and _FORTIFY_SOURCE would hide calls
# from it.
ifdef SANITIZE
HARDENING = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
else
FORTIFY := $(if $(call cc-option,-O -include features.h \
	-D_FORTIFY_SOURCE=3),3,2)
HARDENING := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(FORTIFY) \
	-fstack-protector-strong -fPIE \
	$(call cc-option,-fstack-clash-protection) \
	$(call cc-option,-fcf-protection)
# A sanitizer seems to define what it only wraps, such as crypt_r.
LINK_HARDENING = -pie -Wl,--as-needed,-z,relro,-z,now
endif

# The folder and the moment of a build show nowhere: two give the same bytes.
SAME = -ffile-prefix-map=$(CURDIR)=. -frandom-seed=$(@:$(BUILD)/%=%)
DEFINES = -std=gnu11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Isrc
COMPILE = $(CC) $(SAME) $(DEFINES) $(CPPFLAGS) $(LIBRARY_CFLAGS) $(WARNINGS) \
	$(HARDENING) $(CFLAGS) -MMD -MP
# For what is compiled and linked in one go.
DEPFILE = -MF $@.d -MT $@
LINK = $(CC) $(SAME) $(HARDENING) $(CFLAGS) $(LINK_HARDENING) $(LDFLAGS)

BINARY = $(BUILD)/memcached_exporter
PAGE = $(BUILD)/obj/pages/page.o
LIBRARY = $(BUILD)/libmemcached_exporter.a
SOURCES := $(sort $(shell find src -name '*.c'))
OBJECTS = $(SOURCES:src/%.c=$(BUILD)/obj/%.o) $(PAGE)
LIBRARY_OBJECTS = $(filter-out $(BUILD)/obj/main.o,$(OBJECTS))

UNIT_TESTS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*_test.c))
GOLDEN = $(BUILD)/tests/unit/golden
FUZZ_SOURCES = $(wildcard tests/fuzz/*_fuzz.c)
FUZZ_TARGETS = $(FUZZ_SOURCES:tests/fuzz/%_fuzz.c=fuzz-%)
BENCHES = $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/bench/*.c))

# A stage is a make of its own, so that it sees what the stage before it has
# installed and builds with its own flags in its own folder. It uses every
# processor, unless the caller has said how many.
STAGE = +@$(MAKE) --no-print-directory \
	$(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

# V=1 shows the commands.
quiet = $(if $(V),,@echo '$1 $@';)

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:

all: $(BINARY) ## build the program (the default)

$(BINARY): $(BUILD)/obj/main.o $(LIBRARY)
	$(call quiet,LD)$(LINK) -o $@ $^ $(LIBRARY_LIBS)

# The folders are prerequisites too: when a source goes, so does its object.
$(LIBRARY): $(LIBRARY_OBJECTS) $(sort $(dir $(SOURCES)))
	@rm -f $@
	$(call quiet,AR)$(AR) rcs $@ $(LIBRARY_OBJECTS)

$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,CC)$(COMPILE) -c -o $@ $<

# main.c says which revision it was built of, and is built anew for another one.
REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null || \
	cat .revision 2>/dev/null || echo unknown)
$(BUILD)/revision: FORCE
	@mkdir -p $(@D)
	@echo '$(REVISION)' | cmp -s - $@ || echo '$(REVISION)' >$@

$(BUILD)/obj/main.o: DEFINES += -DREVISION='"$(REVISION)"'
$(BUILD)/obj/main.o: $(BUILD)/revision

# The files of the page for people; the compiler does not tell that it has
# read them.
$(PAGE): src/pages/page.S $(wildcard src/pages/page.*) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,AS)$(COMPILE) -c -o $@ $<

# All that is compiled depends on this file, which changes only when the flags
# do. It comes first, so this is where a missing package is named.
$(BUILD)/flags: export FLAGS = $(COMPILE) $(LINK) $(LIBRARY_LIBS)
$(BUILD)/flags: FORCE
	@missing() { \
	    echo "$$1 is missing: apt-get install $$2, or let make deps" \
		"(for the tests: make deps-test) do it" >&2; \
	    exit 1; \
	}; \
	command -v $(firstword $(CC)) >/dev/null || \
	    missing $(firstword $(CC)) \
		"$(or $(filter clang,$(CC)),gcc libc6-dev)"; \
	command -v pkg-config >/dev/null || missing pkg-config pkg-config; \
	for l in $(LIBRARIES); do \
	    $(PKG_CONFIG) --exists $${l%:*} || missing $${l%:*} $${l#*:}; \
	done
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS" | cmp -s - $@ || printf '%s\n' "$$FLAGS" >$@

FORCE:

# ---- Tests: cheap ones first, and the first that fails ends it

test: deps deps-test ## install what the tests need and run all of them
	$(STAGE) lint
	$(STAGE) unit WERROR=1
	$(STAGE) unit BUILD=build/asan $(ASAN) WERROR=1
	$(STAGE) fuzz FUZZ_SECONDS=5
	$(STAGE) e2e WERROR=1

check: ## run the unit and end-to-end tests, install nothing
	$(STAGE) unit
	$(STAGE) e2e

ASAN = SANITIZE=address,undefined CFLAGS='-O1 -g'
check-asan: ## the same under the address and undefined behaviour sanitizers
	$(STAGE) unit BUILD=build/asan $(ASAN)
	$(STAGE) e2e BUILD=build/asan $(ASAN) EXPORTER_SLOW=3

# What has threads: the workers, and the passwords that they check. At the end
# nobody waits for a long check, so its thread may be left.
TSAN = SANITIZE=thread CFLAGS='-O1 -g'
check-tsan: export TSAN_OPTIONS = report_thread_leaks=0
check-tsan: ## unit tests and those of users under the thread sanitizer
	$(STAGE) unit BUILD=build/tsan $(TSAN)
	$(STAGE) e2e BUILD=build/tsan $(TSAN) EXPORTER_SLOW=3 \
	    PYTEST_ARGS='-k "test_web_auth or test_web_config"'

VALGRIND = valgrind --quiet --error-exitcode=99 --leak-check=full \
	--errors-for-leak-kinds=definite,indirect,possible \
	--suppressions=$(CURDIR)/tests/valgrind.supp
check-valgrind: ## unit and quick end-to-end tests under valgrind
	$(STAGE) unit WRAPPER='$(VALGRIND)'
	$(STAGE) e2e EXPORTER_WRAPPER='$(VALGRIND)' EXPORTER_SLOW=10 \
	    PYTEST_ARGS='-n $(shell nproc) -m "not slow"'

unit: $(UNIT_TESTS)
	@set -e; for t in $^; do $(WRAPPER) $$t </dev/null 2>&1; done

# By Debian's Python, since that is whose pytest "make deps-test" installs. The
# tests wait more than they work, so there are more of them under way than
# processors. A file stays with one of them: it may share a browser.
E2E = $(wildcard tests/docs) tests/e2e
e2e: export EXPORTER = $(abspath $(BINARY))
e2e: export PYTHONDONTWRITEBYTECODE = 1
e2e: $(BINARY)
	/usr/bin/python3 -m pytest -q -p no:cacheprovider \
	    -n $$(($$(nproc) + 4)) --dist loadfile $(PYTEST_ARGS) \
	    $(E2E) </dev/null

soak: export SOAK_SECONDS ?= 300
soak: export SOAK_SERVERS ?= 100
soak: export SOAK_CLIENTS ?= 12
soak: ## check every answer while servers, files and clients misbehave
	$(STAGE) e2e E2E=tests/e2e/test_soak.py PYTEST_ARGS='-s -n 0'

MUTATION_SECONDS = 600
MUTATED = $(wildcard src/stats/*.c)
mutation: ## change operators of MUTATED, show what no unit test notices
	tests/mutation/mutate --seconds $(MUTATION_SECONDS) $(MUTATED)

torture: ## let each allocation and system call of a scrape fail in turn
	$(STAGE) e2e E2E=tests/e2e/test_torture.py

# The same of group commit, hedge connections and deadlines, further.
model: export MODEL_DEPTH ?= 7
model: $(BUILD)/tests/unit/model_test ## try every order of MODEL_DEPTH events
	$<

$(BUILD)/tests/unit/%: tests/unit/%.c $(LIBRARY)
	@mkdir -p $(@D)
	$(call quiet,CC)$(COMPILE) $(DEPFILE) $(LINK_HARDENING) $(LDFLAGS) \
	    -o $@ $< $(LIBRARY) $(LIBRARY_LIBS) -lcmocka

# The fuzzing engine has to see into the library, so there is one for it. What
# it finds goes to build/fuzz/corpus; the fixtures stay as they are.
fuzz: ## fuzz each target for FUZZ_SECONDS
	$(STAGE) fuzzers BUILD=build/fuzz CC=clang CFLAGS='-O1 -g' \
	    SANITIZE=fuzzer-no-link,address,undefined
	$(STAGE) --output-sync $(FUZZ_TARGETS)

$(FUZZ_TARGETS): fuzz-%:
	@echo "fuzz: $* for $(FUZZ_SECONDS) s"
	@mkdir -p build/fuzz/corpus/$*
	@build/fuzz/$*_fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
	    -verbosity=0 -print_final_stats=1 -artifact_prefix=build/fuzz/ \
	    -dict=tests/fuzz/$*.dict \
	    build/fuzz/corpus/$* fixtures/fuzz/$* </dev/null

fuzzers: $(FUZZ_SOURCES:tests/fuzz/%.c=$(BUILD)/%)

$(BUILD)/%_fuzz: tests/fuzz/%_fuzz.c $(LIBRARY)
	$(call quiet,CC)$(COMPILE) $(DEPFILE) -fsanitize=fuzzer $(LDFLAGS) \
	    -o $@ $< $(LIBRARY) $(LIBRARY_LIBS)

# The exporter must have been stopped in an orderly way for its part to count.
coverage: ## which lines of src/ the unit and end-to-end tests reach
	@[ ! -d build/coverage ] || find build/coverage -name '*.gcda' -delete
	$(STAGE) unit BUILD=build/coverage HARDENING= CFLAGS='-O0 -g --coverage'
	$(STAGE) e2e BUILD=build/coverage HARDENING= CFLAGS='-O0 -g --coverage'
	@find build/coverage/obj -name '*.gcda' -exec gcov -n {} + 2>/dev/null | \
	    awk -F "[:'% ]+" ' \
		/^File/ { file = $$2 } \
		/^Lines/ && file ~ /^src/ { \
			printf "%-32s %6.1f %% of %5d lines\n", file, $$3, $$5; \
			hit += $$3 * $$5 / 100; all += $$5; file = "" } \
		END { printf "%-32s %6.1f %% of %5d lines\n", \
			"all", 100 * hit / all, all }'

# Each program stands alone; tests/bench/run drives them and the exporter.
bench: export EXPORTER = $(abspath $(BINARY))
bench: export BENCH_DIR = $(abspath $(BUILD)/bench)
bench: $(BINARY) $(BENCHES) ## measure; PEER=/path/to/exporter adds another one
	tests/bench/run

$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,CC)$(COMPILE) $(DEPFILE) $(LINK_HARDENING) $(LDFLAGS) \
	    -o $@ $< -pthread -lssl -lcrypto

# ---- Source

# cppcheck reads no system header but the one whose macros declare things. It
# takes an address for a read, and what is not initialised others find better.
lint: lint-fast ## all static checks
	printf '%s\n' $(SOURCES) | xargs -P "$$(nproc)" -I{} \
	    clang-tidy --quiet {} -- $(DEFINES) $(LIBRARY_CFLAGS)
	cppcheck --quiet --enable=warning,performance,portability \
	    --suppress=uninitvar --inline-suppr --error-exitcode=1 --std=c11 \
	    --include=/usr/include/$$(gcc -print-multiarch)/sys/queue.h \
	    $(filter -D% -I%,$(DEFINES)) src
	$(STAGE) all BUILD=build/analyzer WERROR=1 CFLAGS='-O2 -g -fanalyzer'
	$(MAKE) scan-build

# The library alone: what tests/lint/analyzer declares is nowhere.
scan-build: ## clang's analyzer over all of src/
	+@rm -rf build/scan
	+scan-build --status-bugs -o build/scan-reports \
	    $(MAKE) -s build/scan/libmemcached_exporter.a build/scan/obj/main.o \
		BUILD=build/scan CC=clang CFLAGS='-O1 -g' WERROR=1 \
		CPPFLAGS=-Itests/lint/analyzer

lint-fast:
	clang-format --dry-run --Werror $(FORMATTED)
	tests/lint/banned
	tests/lint/includes
	shellcheck --severity=warning $$(awk \
	    'FNR == 1 && /^#!.*sh$$/ { print FILENAME }' \
	    $$(find $(wildcard .ci contrib tests) -type f -perm -100))

FORMATTED = $(shell find src tests -name '*.[ch]')
fmt: ## format all C code
	clang-format -i $(FORMATTED)

regen: $(GOLDEN) $(BINARY) ## write anew what is generated: goldens, lists of metrics
	@mkdir -p build
	set -e; for d in fixtures/stats/* fixtures/servers/*; do \
	    case $$d in fixtures/servers/*) \
	        [ -e $$d/expected.prom ] || continue; \
	    esac; \
	    $(GOLDEN) $$d >build/expected.prom; \
	    mv build/expected.prom $$d/expected.prom; \
	done
	[ ! -x tests/docs/gen ] || EXPORTER=$(BINARY) tests/docs/gen
	contrib/grafana/generate

# ---- Installation and packages

MAN = share/man/man1/memcached_exporter.1
COMPLETIONS = bash:share/bash-completion/completions/memcached_exporter \
	zsh:share/zsh/site-functions/_memcached_exporter \
	fish:share/fish/vendor_completions.d/memcached_exporter.fish

install: $(BINARY) ## install below DESTDIR and PREFIX
	install -D $(BINARY) $(DESTDIR)$(PREFIX)/bin/memcached_exporter
	install -D -m 644 memcached_exporter.1 $(DESTDIR)$(PREFIX)/$(MAN)
	set -e; for c in $(COMPLETIONS); do \
	    install -d "$(DESTDIR)$(PREFIX)/$$(dirname "$${c#*:}")"; \
	    $(EMULATOR) $(BINARY) --completion-script-$${c%%:*} \
		>"$(DESTDIR)$(PREFIX)/$${c#*:}"; \
	done

uninstall: ## remove what install has put there
	cd $(DESTDIR)$(PREFIX) && \
	    rm -f bin/memcached_exporter $(MAN) $(foreach c,$(COMPLETIONS),\
	    $(lastword $(subst :, ,$c)))

# One time for all that is packed: that of the last commit, or of the files of a
# tarball.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || \
	stat -c %Y CHANGELOG.md)
TAR = tar --sort=name --owner=0 --group=0 --numeric-owner \
	--mtime=@$(SOURCE_DATE_EPOCH)
DIST = memcached_exporter-$(VERSION)
ARCHITECTURE = $(shell dpkg --print-architecture 2>/dev/null || uname -m)

dist: build/$(DIST).tar.gz ## pack the sources into build/

build/$(DIST).tar.gz: FORCE
	@mkdir -p build
	@echo '$(REVISION)' >.revision
	{ git ls-files -z 2>/dev/null && printf '.revision\0' || \
	    find . -path ./build -prune -o -type f -print0; } | LC_ALL=C sort -z | \
	    $(TAR) --null --files-from=- --transform='s,^\(\./\)*,$(DIST)/,' -c | \
	    gzip -9n >$@

distcheck: dist ## build, test and install the tarball elsewhere, without git
	contrib/package/distcheck build/$(DIST).tar.gz $(DIST)

# A program that is linked for the loader and the libraries of its own tree.
BUNDLE_PREFIX = $(if $(filter command,$(origin PREFIX)),$(PREFIX),\
	/opt/memcached_exporter)
LOADER = $(notdir $(shell readlink -f /proc/self/exe | xargs ldd 2>/dev/null | \
	awk '/ld-/ { print $$1 }'))
BUNDLE_LINK = $(LINK) -Wl,--dynamic-linker=$(strip $1)/lib/$(LOADER) \
	-Wl,--disable-new-dtags -Wl,-rpath,$(strip $1)/lib \
	-o $@ $(filter-out FORCE,$^) $(LIBRARY_LIBS)
BUNDLE = $(DIST)-linux-$(ARCHITECTURE)

# PREFIX is no file: they are linked each time.
$(BUILD)/bundle/memcached_exporter: $(BUILD)/obj/main.o $(LIBRARY) FORCE
	@mkdir -p $(@D)
	$(call BUNDLE_LINK,$(BUNDLE_PREFIX))

$(BUILD)/image/memcached_exporter: $(BUILD)/obj/main.o $(LIBRARY) FORCE
	@mkdir -p $(@D)
	$(call BUNDLE_LINK,)

# What making and testing packages takes besides.
PACKAGE_PACKAGES = busybox-static ca-certificates debhelper debootstrap dpkg-dev \
	lintian python3 rpm rpmlint umoci

packages: dist bundle deb rpm image ## make all packages

check-packages: deps deps-test ## make them and test them in empty roots, as root
	@.ci/apt-install $(PACKAGE_PACKAGES)
	$(STAGE) packages
	contrib/package/check $(VERSION)

bundle: $(BUILD)/bundle/memcached_exporter ## make a tree for PREFIX that needs nothing of the system
	contrib/package/bundle $< build/bundle/tree $(VERSION) $(BUNDLE_PREFIX)
	$(TAR) -C build/bundle/tree -c \
	    --transform='s,^\.,$(notdir $(BUNDLE_PREFIX)),' . | \
	    gzip -9n >build/$(BUNDLE).tar.gz
	cd build && sha256sum $(BUNDLE).tar.gz >$(BUNDLE).tar.gz.sha256

deb: build/$(DIST).tar.gz ## make the Debian package
	contrib/package/deb $< $(DIST) $(VERSION)

rpm: build/$(DIST).tar.gz ## make the RPM, by Debian's rpmbuild
	contrib/package/rpm $< $(VERSION)

image: $(BUILD)/image/memcached_exporter ## make an OCI image, without an engine
	contrib/package/bundle $< build/image/tree $(VERSION) /
	contrib/package/image build/image/tree build/image/layout $(VERSION)
	$(TAR) -C build/image/layout -cf build/$(BUNDLE).oci.tar .

deps: ## install what building and the demo need
	@.ci/apt-install $(PACKAGES)

deps-test: ## install what the tests need
	@.ci/apt-install $(TEST_PACKAGES)

demo: deps ## install what is missing, then watch a memcached of its own
	$(STAGE) all
	@EXPORTER=$(BINARY) exec tests/demo

clean: ## remove all that was made
	rm -rf build

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s%s\n", $$1, $$2 }' \
	    Makefile

.PHONY: all test check check-asan check-tsan check-valgrind unit e2e torture soak mutation model fuzz \
	fuzzers $(FUZZ_TARGETS) coverage bench lint lint-fast scan-build fmt regen \
	install uninstall dist distcheck packages check-packages bundle deb rpm image deps deps-test demo clean help FORCE

-include $(OBJECTS:.o=.d) $(addsuffix .d,$(UNIT_TESTS) $(GOLDEN) $(BENCHES) \
	$(FUZZ_SOURCES:tests/fuzz/%.c=$(BUILD)/%))
