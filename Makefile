# The commands of the README. `make run` and `make test` install what Debian packages are missing first.
SHELL := /bin/bash
PREFIX ?= /usr/local
# OPENBLAS_CORETYPE, where an environment exports it, forces OpenBLAS onto another CPU's kernels.
unexport OPENBLAS_CORETYPE
PACKAGES := libv4l-dev libncurses-dev libopenblas-dev libturbojpeg0-dev libpng-dev libzstd-dev liblz4-dev
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: run build test packages install format format-check

run: build
	.build/release/ocellus $(ARGS)

build: packages
	swift build -c release

test: packages
	swift build -c release --build-tests
	swift test -c release --skip-build

packages:
	@missing=$$(dpkg-query -W -f='$${Package} $${db:Status-Status}\n' $(PACKAGES) 2>/dev/null | \
	  awk '$$2 == "installed" {print $$1}' | sort | comm -23 <(echo $(PACKAGES) | tr ' ' '\n' | sort) -); \
	if [ -n "$$missing" ]; then \
	  echo "Installing:" $$missing; \
	  $(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -qy $$missing; \
	fi

install: build
	install -Dm755 .build/release/ocellus $(DESTDIR)$(PREFIX)/bin/ocellus
	mkdir -p $(DESTDIR)$(PREFIX)/share/ocellus
	cp -r themes models $(DESTDIR)$(PREFIX)/share/ocellus/
	rm -rf $(DESTDIR)$(PREFIX)/share/ocellus/models/training

format:
	swift format --in-place --recursive Sources Tests Package.swift

format-check:
	swift format lint --strict --recursive Sources Tests Package.swift
