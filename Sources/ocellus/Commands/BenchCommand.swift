import ArgumentParser
import CAllocations
import Foundation
import Glibc
import Ground
import Inference
import Perception
import Pipeline
import Service

/// `ocellus bench`: how fast a network is here.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure how fast a model runs on this machine.",
    discussion: """
      Inputs are filled with seeded random numbers. A symbolic dimension is 1 unless
      --shape sets it.

      EXAMPLES
        ocellus bench model.onnx
        ocellus bench model.onnx --threads 1 --runs 200 --json
        ocellus bench model.onnx --shape images=1x3x320x320 --profile
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "NAME|PATH"))
  var model: String

  @Option(name: .long, help: ArgumentHelp("Number of timed runs after the warm-up.", valueName: "N"))
  var runs = 50

  @Option(name: .long, help: ArgumentHelp("Shape of an input that has symbolic dimensions.", valueName: "NAME=AxBxC"))
  var shape: [String] = []

  @Flag(name: .long, help: "Run once without a warm-up, to measure the time and memory that loading takes.")
  var once = false

  @Flag(name: .long, help: "Read a number of runs per line from standard input and answer each with one JSON line.")
  var serve = false

  @Flag(name: .long, help: "Print one JSON line.")
  var json = false

  @Flag(name: .long, help: "Print the time per operator, and the operators that have no kernel, with the reason.")
  var profile = false

  @OptionGroup var engine: EngineOptions

  func validate() throws {
    guard (1...1_000_000).contains(runs) else { throw ValidationError("--runs takes 1 to 1000000") }
    _ = try BenchInputs.parse(shape)
  }

  private struct Report: Encodable {
    var model: String
    var threads: Int
    var engine: String
    var runs_on: String
    var isa: String
    var blas_core: String
    var load_ms: Double
    var runs: Int
    var min_ms: Double
    var median_ms: Double
    var p95_ms: Double
    var p99_ms: Double
    var peak_rss_mib: Double
    var allocations_per_run: Double
  }

  func run() throws {
    let store = InstalledModels.store
    let path = try store.networkPath(of: model)
    let network = try store.prepare(model, options: engine.options)
    let inputs = try BenchInputs.make(
      for: network, shapes: try BenchInputs.parse(shape), path: path, limits: engine.options.limits)
    for _ in 0..<(once ? 0 : 3) { _ = try network.run(inputs) }
    if serve {
      say("ready")
      while let line = readLine() {
        guard let runs = Int(line), (1...1_000_000).contains(runs) else {
          throw ValidationError("not a number of runs")
        }
        say(try measure(network, inputs, runs: runs, path: path).jsonLine())
      }
      return
    }
    let report = try measure(network, inputs, runs: once ? 1 : runs, path: path)
    if json {
      StandardStreams.writeLine(try report.jsonLine())
    } else {
      lines(report).forEach(StandardStreams.writeLine)
    }
    if profile {
      try printProfile(of: network, inputs)
      printFallbacks(network.execution)
    }
  }

  private func measure(_ network: any PreparedNetwork, _ inputs: [Tensor], runs: Int, path: String) throws -> Report {
    var times: [Double] = []
    times.reserveCapacity(runs)
    oca_set_counting(true)
    let before = oca_allocations()
    for _ in 0..<runs {
      let began = MonotonicTime.now
      _ = try network.run(inputs)
      times.append(MonotonicTime.now.milliseconds(since: began))
    }
    let allocations = oca_allocations() - before
    oca_set_counting(false)
    times.sort()
    func rank(_ share: Double) -> Double {
      times[min(runs - 1, max(0, Int(saturating: (share * Double(runs)).rounded(.up)) - 1))]
    }
    return Report(
      model: path, threads: engine.threads, engine: network.engine.description,
      runs_on: network.runsOn, isa: EngineFacts.instructionSet, blas_core: EngineFacts.blasCore,
      load_ms: tidy(network.loadMilliseconds), runs: runs, min_ms: tidy(times[0]), median_ms: tidy(rank(0.5)),
      p95_ms: tidy(rank(0.95)), p99_ms: tidy(rank(0.99)), peak_rss_mib: tidy(ProcessMemory.peakMebibytes),
      allocations_per_run: tidy(Double(allocations) / Double(runs)))
  }

  /// A line that a reader of a pipe sees at once.
  private func say(_ line: String) {
    StandardStreams.writeLine(line)
    fflush(nil)
  }

  private func tidy(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

  private func lines(_ r: Report) -> [String] {
    [
      "\(r.model): \(counted(r.threads, "thread")), engine \(r.engine) on \(r.runs_on), OpenBLAS core \(r.blas_core)",
      "loaded in \(r.load_ms) ms; \(r.runs) runs: min \(r.min_ms), median \(r.median_ms), p95 \(r.p95_ms), p99 \(r.p99_ms) ms",
      "peak memory \(r.peak_rss_mib) MiB; \(r.allocations_per_run) heap allocations a run",
    ]
  }

  /// What runs on the reference tier, and why.
  private func printFallbacks(_ execution: ExecutionReport) {
    if let failure = execution.failure { StandardStreams.writeLine("reference tier for all operators: \(failure)") }
    let limit = 40
    for fallback in execution.fallbacks.prefix(limit) {
      StandardStreams.writeLine("reference tier: \(fallback.operatorType) '\(fallback.name)': \(fallback.reason)")
    }
    let more = execution.fallbacks.count - limit
    if more > 0 { StandardStreams.writeLine("reference tier: \(more) more operators") }
  }

  /// The time of a run by operator type and shape, longest first.
  private func printProfile(of network: any PreparedNetwork, _ inputs: [Tensor]) throws {
    let rounds = min(runs, 20)
    var rows: [String: (type: String, shapes: String, milliseconds: Double, count: Int)] = [:]
    for _ in 0..<rounds {
      for timing in try network.profile(inputs) {
        let shapes = (timing.inputShapes.prefix(2) + timing.outputShapes.prefix(1)).compactMap { $0 }
          .map { $0.map(String.init).joined(separator: "x") }.joined(separator: " ")
        let type = timing.operatorType + (timing.isCompiled ? "" : "*")
        rows["\(type) \(shapes)", default: (type, shapes, 0, 0)].milliseconds += timing.milliseconds
        rows["\(type) \(shapes)", default: (type, shapes, 0, 0)].count += 1
      }
    }
    let total = rows.values.reduce(0) { $0 + $1.milliseconds }
    StandardStreams.writeLine("operator (* reference tier)      count       ms   share  shapes")
    for row in rows.values.sorted(by: { $0.milliseconds > $1.milliseconds }).prefix(40) {
      let each = row.milliseconds / Double(rounds)
      let name = row.type.padding(toLength: 32, withPad: " ", startingAt: 0)
      let figures = String(
        format: "%6d %8.3f %6.1f%%", row.count / rounds, each, 100 * row.milliseconds / max(total, 1e-9))
      StandardStreams.writeLine("\(name) \(figures)  \(row.shapes)")
    }
  }
}
