# clearingd. `make help` lists the targets, `make V=1` shows the commands.
#
# One option set, one folder: build/<config>/ (plain, asan, tsan, debug,
# coverage; with another compiler build/<config>-<compiler>/). The programs of
# the plain build are in build/bin/.

MAKEFLAGS += -rR
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

CONFIG ?= plain
PREFIX ?= /usr/local
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
ifneq (,$(filter default undefined,$(origin CC)))
CC := gcc
endif
Q := $(if $(filter 1,$(V)),,@)

# ---- option sets ----------------------------------------------------------
FLAGS_plain := -O2 -g -fstack-protector-strong -U_FORTIFY_SOURCE \
    -D_FORTIFY_SOURCE=2
FLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
    -fno-sanitize-recover=all
FLAGS_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
FLAGS_debug := -O0 -g
FLAGS_coverage := -O0 -g --coverage
ifeq (,$(FLAGS_$(CONFIG)))
$(error CONFIG=$(CONFIG): there are plain, asan, tsan, debug, coverage)
endif

VARIANT := $(CONFIG)$(addprefix -,$(filter-out gcc,$(notdir $(CC))))
OUT := build/$(VARIANT)
BIN := $(if $(filter plain,$(VARIANT)),build/bin,$(OUT)/bin)

WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wswitch-enum \
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Werror
COMPILE = $(CC) -std=c17 -D_GNU_SOURCE -I. $(FLAGS_$(CONFIG)) $(WARNINGS) \
    -fno-common $(PKG_CFLAGS) $(ROOM_FLAGS) $(CFLAGS) -MMD -MP
LINK = $(CC) $(FLAGS_$(CONFIG)) -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS)

# The engine may use neither floating point nor vector registers, nor any
# symbol beyond tests/checks/purity.sh's list.
PURE_plain := -O3 -mgeneral-regs-only -fno-stack-protector -U_FORTIFY_SOURCE
$(OUT)/engine/%.o: ROOM_FLAGS = $(PURE_$(CONFIG))

PACKAGES := libuv libssl lmdb jansson libsecp256k1 nettle libconfuse \
    libsystemd libcrypto zlib libcurl
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
CRITERION_LIBS = $(shell pkg-config --libs criterion)

# Criterion takes a sanitizer's exit for a passed test, an abort it notices.
export ASAN_OPTIONS ?= abort_on_error=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS ?= print_stacktrace=1

# ---- sources --------------------------------------------------------------
# In the order of linking: each room may use those to its right.
ROOMS ?= daemon rpc net storage engine
PROGRAMS := $(foreach name,clearingd clearing-cli clearing-replay \
    clearing-bench,$(if $(wildcard cmd/$(name)/*.c),$(name)))
objects = $(patsubst %.c,$(OUT)/%.o,$(wildcard $(1)))

ARCHIVES := $(if $(wildcard cmd/common/*.c),$(OUT)/libcommon.a) \
    $(ROOMS:%=$(OUT)/lib%.a)
BINARIES := $(PROGRAMS:%=$(BIN)/%)
UNIT := $(OUT)/unit-$(or $(ONLY),tests)
PROPERTY := $(OUT)/property-$(or $(ONLY),tests)
TEST_LIB := $(call objects,tests/lib/*.c)

# ---- build ----------------------------------------------------------------
all: $(ARCHIVES) $(BINARIES) ## build the programs into build/bin (default)

$(OUT)/%.o: %.c Makefile
	$(if $(PKG_LIBS),,$(error libraries are missing, run "make deps" first))
	@echo "  cc    $<"
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -c -o $@ $<

define archive
$(OUT)/lib$(1).a: $(call objects,$(2)/*.c)
endef
$(foreach room,$(ROOMS),$(eval $(call archive,$(room),$(room))))
$(eval $(call archive,common,cmd/common))
$(OUT)/lib%.a:
	@echo "  ar    $@"
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

# The benchmark can take margin out of the engine it measures: see unmargined.h.
LINK_clearing-bench := $(foreach name,margin_admits_order margin_admits_fill \
    margin_order_counted margin_orders_changed \
    margin_position_changed,-Wl,--wrap=$(name))

define program
$(BIN)/$(1): $(call objects,cmd/$(1)/*.c) $(ARCHIVES)
	@echo "  link  $$@"
	@mkdir -p $$(@D)
	$(Q)$$(LINK) $$(LINK_$(1)) -o $$@ $$^ $$(PKG_LIBS)
endef
$(foreach name,$(PROGRAMS),$(eval $(call program,$(name))))

# unit-tests and property-tests hold all; unit-NAME holds test_NAME.c alone.
link_tests = $(LINK) -o $@ $^ $(CRITERION_LIBS) $(PKG_LIBS)
$(OUT)/unit-tests: $(call objects,tests/unit/test_*.c) $(TEST_LIB) $(ARCHIVES)
	@echo "  link  $@"
	$(Q)$(link_tests)
$(OUT)/property-tests: $(call objects,tests/property/*.c) $(TEST_LIB) \
    $(ARCHIVES)
	@echo "  link  $@"
	$(Q)$(link_tests)
$(OUT)/unit-%: $(OUT)/tests/unit/test_%.o $(TEST_LIB) $(ARCHIVES)
	@echo "  link  $@"
	$(Q)$(link_tests)
$(OUT)/property-%: $(OUT)/tests/property/%.o $(TEST_LIB) $(ARCHIVES)
	@echo "  link  $@"
	$(Q)$(link_tests)
.SECONDARY:

# ---- run ------------------------------------------------------------------
sub = $(MAKE) --no-print-directory \
    $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))
HISTORY ?= tests/demo-data/2024-08-05.csv.gz
TRADERS ?= 1000
YARDSTICKS ?= $(wildcard ../shared/bench)

demo: ## replay a real market crash through a real node (a few minutes)
	@tests/deps build
	@echo "building clearingd"
	@$(sub) all
	@mkdir -p build/demo
	$(BIN)/clearing-replay --history $(HISTORY) --traders $(TRADERS) \
	    --seed 1 --out build/demo/report.json

check: ## run every check and test; ends with "N passed, N failed"
	@tests/run all

unit: $(UNIT) ## run the unit tests (ONLY=book ROOMS=engine for one module)
	@$(UNIT)

property: $(PROPERTY) ## run the property tests (ONLY=NAME for one file)
	@$(PROPERTY)

functional outsiders: all ## drive the real node: own scripts, foreign clients
	@tests/run $@

checks: ## run the source checks alone
	@tests/run checks

bench: ## measure against the yardsticks into build/bench.json
	@tests/deps build
	@$(sub) all $(if $(YARDSTICKS),yardsticks)
	$(BIN)/clearing-bench all --out build/bench.json \
	    $(if $(YARDSTICKS),--yardsticks build/yardsticks)

yardsticks: $(patsubst $(YARDSTICKS)/%.c,build/yardsticks/%,\
    $(wildcard $(YARDSTICKS)/*.c))
build/yardsticks/%: $(YARDSTICKS)/%.c
	@echo "  cc    $<"
	@mkdir -p $(@D)
	$(Q)$(CC) -O3 -march=native -w -o $@ $< -lsecp256k1 -llmdb -lcrypto

# ---- keep house -----------------------------------------------------------
deps: ## install what building and testing need (apt, npm for tests)
	@tests/deps all

format: ## rewrite all sources in the style of .clang-format
	clang-format -i $$(tests/checks/sources)

docs: all ## rewrite the documents that are generated from the programs
	@tests/checks/generated.sh --write

install: all ## install programs, man pages, unit, sample (DESTDIR, PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/clearingd \
	    $(DESTDIR)$(PREFIX)/lib/systemd/system \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d
	install $(BINARIES) $(DESTDIR)$(PREFIX)/bin
	for page in $(wildcard docs/*.[1-8]); do \
	    install -D -m 644 -t \
	    $(DESTDIR)$(PREFIX)/share/man/man$${page##*.} $$page || exit 1; done
	install -m 644 $(wildcard conf/*) $(DESTDIR)$(PREFIX)/share/clearingd
	sed 's|@bindir@|$(PREFIX)/bin|' systemd/clearingd.service \
	    > $(DESTDIR)$(PREFIX)/lib/systemd/system/clearingd.service
	install -m 644 systemd/clearingd.sysusers \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d/clearingd.conf

clean: ## remove everything that was built
	rm -rf build

help: ## print this list
	@echo "make [TARGET] [CONFIG=plain|asan|tsan|debug|coverage] [V=1]"
	@awk -F ':.*## ' '/^[a-z ]+:.*## / { printf "  %-22s %s\n", $$1, $$2 }' \
	    $(firstword $(MAKEFILE_LIST))

.PHONY: all demo check unit property functional outsiders checks bench \
    yardsticks deps format docs install clean help
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
