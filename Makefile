# The commands of the README. `make run` and `make test` install what Debian packages are missing first.
SHELL := /bin/bash
PREFIX ?= /usr/local
# OPENBLAS_CORETYPE, where an environment exports it, forces OpenBLAS onto another CPU's kernels. They are slower; and the
# light networks of `make test-onnx`, whose weights are all equal, hang on sums that round alike in the middle and at the
# edge of a matrix, which kernels for other processors do not promise.
unexport OPENBLAS_CORETYPE
PACKAGES := libv4l-dev libncurses-dev libopenblas-dev libturbojpeg0-dev libjpeg-dev libpng-dev libzstd-dev liblz4-dev libssl-dev
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# `make test-neon` builds the kernels for a 64-bit Arm CPU and runs them under an emulator.
NEON_PACKAGES := libc6-dev-arm64-cross libgcc-12-dev-arm64-cross qemu-user-static
CLANG ?= $(shell dirname "$$(readlink -f "$$(command -v swift)")")/clang

.PHONY: run build build-tests test train test-onnx test-onnx-regenerate test-mutations test-fuzz test-camera test-recordings \
  test-disks bench-recordings bench-capture bench-pictures test-neon test-sanitizers sanitized-kernels \
  test-thread-sanitizer test-zoo test-differential test-dashboards packages install format format-check

run: build
	.build/release/ocellus $(ARGS)

build: packages
	swift build -c release

build-tests: packages
	swift build -c release --build-tests

test: build-tests
	swift test -c release --skip-build

# Renders the demo scene, trains the shipped networks on it and writes them into models/: see models/training/README.md.
train: packages
	$(MAKE) -C models/training train

# The ONNX project's operator tests: the onnx package of PyPI carries them as files, and only its files are used.
ONNX_ENVIRONMENT := .build/onnx-tests

$(ONNX_ENVIRONMENT)/installed:
	@$(MAKE) --no-print-directory packages PACKAGES=python3-venv
	python3 -m venv $(ONNX_ENVIRONMENT)
	$(ONNX_ENVIRONMENT)/bin/pip install --quiet --no-deps onnx==1.16.2
	touch $@

test-onnx: build-tests $(ONNX_ENVIRONMENT)/installed
	OCELLUS_ONNX_TESTS="$$(echo $(ONNX_ENVIRONMENT)/lib/python3*/site-packages/onnx/backend/test/data)" \
	  swift test -c release --skip-build --filter OnnxBackendTests

# Damaged networks, recordings, pictures and manifests, more of them than `make test` tries: about a minute.
MUTATIONS ?= 12000
test-mutations: build-tests
	OCELLUS_MUTATIONS=$(MUTATIONS) OCELLUS_MUTATED_JPEGS=$(MUTATIONS) swift test -c release --skip-build \
	  --filter 'InferenceTests.MutationTests|StructuredMutationTests|HostileFileTests|MutatedJPEGTests'

# Damaged and hostile files through the program itself, under a limit of memory and time for each; FUZZ_SECONDS for each
# kind of file; the kinds run side by side.
FUZZ_ENVIRONMENT := .build/fuzz-tests
FUZZ_SECONDS ?= 60
FUZZ_SEED ?= 1
FUZZ_KINDS ?= onnx,mcap,toml,json,pictures,outputs

$(FUZZ_ENVIRONMENT)/installed:
	@$(MAKE) --no-print-directory packages PACKAGES="python3-venv ffmpeg"
	python3 -m venv $(FUZZ_ENVIRONMENT)
	$(FUZZ_ENVIRONMENT)/bin/pip install --quiet onnx==1.16.2 numpy pillow
	touch $@

test-fuzz: build-tests $(FUZZ_ENVIRONMENT)/installed
	$(FUZZ_ENVIRONMENT)/bin/python Tests/Fuzz/fuzz.py .build/release/ocellus --kinds $(FUZZ_KINDS) \
	  --seconds $(FUZZ_SECONDS) --seed $(FUZZ_SEED) --keep .build/fuzz-failures

# Networks with stored answers, ZOO/NAME/{model.onnx,input_k.npy,output_k.npy}, under every instruction set, exact and not,
# on 1, 2 and 4 threads. ZOO_TABLE gets the worst relative error of each (of int8 networks the share of outputs that are
# more than one step off).
ZOO_TABLE ?= .build/zoo.md

test-zoo: build-tests
	rm -f $(ZOO_TABLE)
	OCELLUS_ZOO="$(abspath $(ZOO))" OCELLUS_ZOO_TABLE="$(abspath $(ZOO_TABLE))" \
	  swift test -c release --skip-build --filter ZooTests

# Two dashboards and a recorder under random keys, with 100,000 sequences of 40 terminals before.
DASHBOARD_SECONDS ?= 600
test-dashboards: build $(FUZZ_ENVIRONMENT)/installed
	@$(MAKE) --no-print-directory packages PACKAGES="ncurses-term"
	$(FUZZ_ENVIRONMENT)/bin/pip install --quiet pyte
	$(FUZZ_ENVIRONMENT)/bin/python Tests/Fuzz/dashboards.py .build/release/ocellus --seconds $(DASHBOARD_SECONDS) \
	  --seed $(FUZZ_SEED)

# Random nodes and random networks beside ONNX Runtime, with a Python that has numpy, onnx and onnxruntime.
ROUNDS ?= 300
SEED ?= 1
DIFFERENTIAL_PYTHON ?= python3
test-differential: build
	$(DIFFERENTIAL_PYTHON) Tests/Cross/differential/compare.py .build/release/ocellus --rounds $(ROUNDS) --seed $(SEED)
	$(DIFFERENTIAL_PYTHON) Tests/Cross/differential/graphs.py .build/release/ocellus --rounds $(ROUNDS) --seed $(SEED)

# Rewrites the allow-list and docs/OPERATORS.md after operators were added.
test-onnx-regenerate: build-tests $(ONNX_ENVIRONMENT)/installed
	OCELLUS_ONNX_TESTS="$$(echo $(ONNX_ENVIRONMENT)/lib/python3*/site-packages/onnx/backend/test/data)" \
	  OCELLUS_ONNX_REGENERATE=1 swift test -c release --skip-build --filter OnnxBackendTests

# The program against the kernel's own camera drivers, in a virtual machine; skips where qemu is missing. PARTS=uvc runs one
# part, OCELLUS_WRITE_DOCS=1 keeps the measurements for docs/FAULTS.md.
test-camera: packages
	swift build -c release --product camera-probe
	swift build -c release --product ocellus
	Tests/VirtualCamera/run.sh $(PARTS)

# The capture thread's share of a core, beside networks that keep every core busy.
bench-capture: packages
	Benchmarks/capture.sh

# Recordings against the Python readers of PyPI, both ways; then many mutated files and many killed recorders.
RECORDINGS_ENVIRONMENT := .build/recordings-tests
RECORDINGS_PYTHON := $(RECORDINGS_ENVIRONMENT)/bin/python
OCELLUS_MUTATIONS ?= 100000
OCELLUS_KILLS ?= 200

$(RECORDINGS_ENVIRONMENT)/installed:
	python3 -m venv $(RECORDINGS_ENVIRONMENT)
	$(RECORDINGS_ENVIRONMENT)/bin/pip install --quiet mcap mcap-ros2-support 'rosbags>=0.11'
	touch $@

test-recordings: packages $(RECORDINGS_ENVIRONMENT)/installed
	rm -rf $(RECORDINGS_ENVIRONMENT)/ours $(RECORDINGS_ENVIRONMENT)/foreign
	mkdir -p $(RECORDINGS_ENVIRONMENT)/ours
	$(RECORDINGS_PYTHON) Tests/Recordings/interchange.py write $(RECORDINGS_ENVIRONMENT)/foreign
	OCELLUS_RECORDINGS_OUT=$(CURDIR)/$(RECORDINGS_ENVIRONMENT)/ours \
	  OCELLUS_FOREIGN_RECORDINGS=$(CURDIR)/$(RECORDINGS_ENVIRONMENT)/foreign \
	  swift test -c release --filter InterchangeTests
	$(RECORDINGS_PYTHON) Tests/Recordings/interchange.py check $(RECORDINGS_ENVIRONMENT)/ours
	OCELLUS_MUTATIONS=$(OCELLUS_MUTATIONS) swift test -c release --filter HostileFileTests
	OCELLUS_KILLS=$(OCELLUS_KILLS) swift test -c release --filter 'KillTests|KilledProgramTests'
	OCELLUS_FOREIGN_RECORDINGS=$(CURDIR)/$(RECORDINGS_ENVIRONMENT)/foreign \
	  swift test -c release --filter RecordingCommandTests

# Recordings onto small file systems that fill, turn read-only and go away; they are mounted, which takes root.
test-disks: build-tests
	$(SUDO) env OCELLUS_REAL_DISKS=1 PATH="$$PATH" swift test -c release --skip-build --filter RealDiskTests

# Pictures to tensors, and detections out of them: how long each takes on one thread.
bench-pictures: packages
	OCELLUS_BENCHMARKS=1 swift test -c release --filter PictureBenchmarks

bench-recordings: packages
	OCELLUS_BENCHMARKS=1 swift test -c release --filter RecordingBenchmarks

packages:
	@missing=$$(dpkg-query -W -f='$${Package} $${db:Status-Status}\n' $(PACKAGES) 2>/dev/null | \
	  awk '$$2 == "installed" {print $$1}' | sort | comm -23 <(echo $(PACKAGES) | tr ' ' '\n' | sort) -); \
	if [ -n "$$missing" ]; then \
	  echo "Installing:" $$missing; \
	  $(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -qy $$missing; \
	fi

# The program with its themes, models, manual page, and completions for the three shells.
install: build
	install -Dm755 .build/release/ocellus $(DESTDIR)$(PREFIX)/bin/ocellus
	mkdir -p $(DESTDIR)$(PREFIX)/share/ocellus
	cp -r themes models $(DESTDIR)$(PREFIX)/share/ocellus/
	rm -rf $(DESTDIR)$(PREFIX)/share/ocellus/models/training
	mkdir -p $(addprefix $(DESTDIR)$(PREFIX)/share/,man/man1 bash-completion/completions zsh/site-functions fish/vendor_completions.d)
	.build/release/ocellus manual > $(DESTDIR)$(PREFIX)/share/man/man1/ocellus.1
	.build/release/ocellus --generate-completion-script bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ocellus
	.build/release/ocellus --generate-completion-script zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_ocellus
	.build/release/ocellus --generate-completion-script fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ocellus.fish

format:
	swift format --in-place --recursive Sources Tests Package.swift

format-check:
	swift format lint --strict --recursive Sources Tests Package.swift

# The kernels of the instruction set that this machine lacks: built for a 64-bit Arm CPU, run under an emulator, held
# against the plain kernels.
KERNELS := $(wildcard Sources/Kernels/*.c Sources/Kernels/plain/*.c Sources/Kernels/quantised/*.c Tests/Cross/*.c)
KERNEL_HEADERS := $(shell find Sources/Kernels Tests/Cross -name '*.h')
KERNEL_FLAGS := -std=gnu17 -ffp-contract=fast -fno-math-errno -ISources/Kernels/include

test-neon:
	@$(MAKE) --no-print-directory packages PACKAGES="$(NEON_PACKAGES)"
	mkdir -p .build
	$(CLANG) --target=aarch64-linux-gnu -fuse-ld=lld -static -O3 $(KERNEL_FLAGS) $(KERNELS) -lm -lpthread \
	  -o .build/compare-neon
	qemu-aarch64-static .build/compare-neon

# The same comparison for every instruction set of this CPU, with a check of each access and each operation. The
# toolchain's own clang: the kernels' files need its `#pragma clang attribute`, which gcc has not, and the toolchain for
# Linux brings the run-time libraries of both sanitizers. Without optimisation: clang takes eighteen times as long with it.
SANITIZED := .build/sanitized
SANITIZED_KERNELS := $(KERNELS:%.c=$(SANITIZED)/%.o)
SANITIZER_FLAGS := -O0 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

$(SANITIZED)/%.o: %.c $(KERNEL_HEADERS)
	@mkdir -p $(@D)
	$(CLANG) $(SANITIZER_FLAGS) $(KERNEL_FLAGS) -c $< -o $@

sanitized-kernels: $(SANITIZED_KERNELS)
	$(CLANG) $(SANITIZER_FLAGS) -fuse-ld=lld $(SANITIZED_KERNELS) -lm -lpthread -o $(SANITIZED)/compare

test-sanitizers:
	@$(MAKE) --no-print-directory -j$$(nproc) sanitized-kernels
	$(SANITIZED)/compare

# The rooms with threads under the thread sanitizer, in a build folder of their own. Not part of continuous
# integration: it builds everything once more.
test-thread-sanitizer: packages
	swift build --sanitize=thread --build-tests --scratch-path .build/thread-sanitizer
	swift test --sanitize=thread --skip-build --scratch-path .build/thread-sanitizer \
	  --filter 'GroundTests|CaptureTests.(PaceTests|StreamTests)|PipelineTests.(Session|Supervisor|Chain|Likeness)Tests'
