import ArgumentParser
import Capture
import Configuration
import Dashboard
import Foundation
import Glibc
import Ground
import Inference
import Perception
import Pipeline
import Recording
import Service

/// `ocellus doctor`: what works here, and what to do about what does not.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check camera permissions, terminal, CPU, BLAS core, models and helper programs.",
    discussion: "EXAMPLES\n  ocellus doctor\n  ocellus doctor --json")

  @Flag(name: .long, help: "Print one JSON line per result.")
  var json = false

  /// One finding. Only a `failure` makes the status 1.
  struct Finding: Encodable {
    enum Verdict: String, Encodable { case ok, note, failure }
    var subject: String
    var verdict: Verdict
    var detail: String
  }

  func run() throws {
    let checks: [() -> [Finding]] = [
      cpu, machine, blas, engines, cameras, terminal, models, ownNetworks, helpers, folders, files,
    ]
    var failures = 0
    for check in checks {
      for finding in check() {
        if json {
          StandardStreams.writeLine(try finding.jsonLine())
        } else {
          let mark = [Finding.Verdict.ok: "ok  ", .note: "note", .failure: "FAIL"][finding.verdict] ?? ""
          StandardStreams.writeLine("\(mark)  \(finding.subject): \(finding.detail)")
        }
        failures += finding.verdict == .failure ? 1 : 0
      }
    }
    if failures > 0 { throw CommandFailure(what: "\(counted(failures, "check")) failed, listed above") }
  }

  private func cpu() -> [Finding] {
    let isa = EngineFacts.instructionSet
    let cores = ProcessInfo.processInfo.activeProcessorCount
    return [
      Finding(
        subject: "CPU", verdict: isa == "plain" ? .note : .ok,
        detail: isa == "plain"
          ? "\(counted(cores, "core")), no vector kernels for this one: inference will be slow"
          : "\(counted(cores, "core")), \(isa) kernels")
    ]
  }

  private func machine() -> [Finding] {
    let status = MachineWatch.now()
    let isHeldBack = !(status.throttled ?? []).isEmpty
    return [
      Finding(
        subject: "machine", verdict: isHeldBack ? .note : .ok,
        detail: MachineText.parts(of: status, isLong: true).joined(separator: ", "))
    ]
  }

  private func blas() -> [Finding] {
    let forced = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"]
    let core = "OpenBLAS core \(EngineFacts.blasCore)"
    guard let forced else { return [Finding(subject: "BLAS", verdict: .ok, detail: core)] }
    return [
      Finding(
        subject: "BLAS", verdict: .note,
        detail: "\(core), forced by OPENBLAS_CORETYPE=\(forced): unset it for full speed")
    ]
  }

  private func engines() -> [Finding] {
    EngineRegistry.standard.engines.map { engine in
      let status = engine.status()
      return Finding(
        subject: "engine \(engine.name)", verdict: status.isAvailable ? .ok : .note,
        detail: status.problem ?? status.runsOn)
    }
  }

  private func cameras() -> [Finding] {
    let cameras = CameraCatalogue.list()
    guard !cameras.isEmpty else {
      return [
        Finding(subject: "camera", verdict: .note, detail: "none found; `ocellus --source demo` works without one")
      ]
    }
    return cameras.map { camera in
      Finding(
        subject: camera.path, verdict: camera.problem == nil ? .ok : .failure,
        detail: camera.problem ?? "\(camera.name), \(counted(camera.formats.count, "format"))")
    }
  }

  private func terminal() -> [Finding] {
    guard isatty(STDOUT_FILENO) != 0 else {
      // What a dashboard would have, as far as it can be told from here.
      let environment = ProcessInfo.processInfo.environment
      let said = ["TERM", "COLORTERM", "NO_COLOR"].compactMap { name in environment[name].map { "\(name)=\($0)" } }
      let named = said.isEmpty ? "TERM is not set" : said.joined(separator: " ")
      return [
        Finding(
          subject: "terminal", verdict: .note,
          detail: "standard output is not a terminal, so its colours are not known; \(named)")
      ]
    }
    do {
      let found = try TerminalReport()
      let size = found.size.map { ", \($0.columns)x\($0.rows)" } ?? ""
      let standIn = found.missingEntry.map { ", since this machine has no entry for \($0)" } ?? ""
      return [
        Finding(
          subject: "terminal", verdict: .ok,
          detail: "\(found.entry)\(standIn): \(found.colors), \(found.characters)\(size)")
      ]
    } catch {
      return [Finding(subject: "terminal", verdict: .failure, detail: "\(error)")]
    }
  }

  private func models() -> [Finding] {
    let store = InstalledModels.store
    let entries = store.list()
    guard !entries.isEmpty else {
      return [
        Finding(
          subject: "models", verdict: .failure,
          detail: "none found in \(store.folders.joined(separator: ", ")): run `make install` or set the folder right")
      ]
    }
    return entries.map { entry in
      let report = store.inspect(entry.name)
      if let problem = report.problems.first {
        // A file that is in order and of no use here keeps nothing from working.
        return Finding(
          subject: "model \(entry.name)", verdict: report.isForeign ? .note : .failure, detail: problem)
      }
      let slow = report.slowPaths.isEmpty ? "" : "; \(report.slowPaths.joined(separator: "; "))"
      let assumed = report.assumesPreprocessing ? "; how pictures are prepared is assumed" : ""
      return Finding(subject: "model \(entry.name)", verdict: .ok, detail: entry.path + assumed + slow)
    }
  }

  private func ownNetworks() -> [Finding] {
    let names = OwnNetworks().usable
    guard names.isEmpty else {
      return [
        Finding(subject: "networks of your own", verdict: .ok, detail: names.joined(separator: ", "))
      ]
    }
    return [
      Finding(
        subject: "networks of your own", verdict: .note,
        detail: "none: only the demo scene's are here, which know nothing else (\(OwnNetworks.remedy))")
    ]
  }

  /// Where settings are read and the log is written.
  private func files() -> [Finding] {
    let user = UserConfiguration()
    let configuration =
      user.problem?.line ?? (user.document == nil ? "\(user.file), not there: the defaults hold" : user.file)
    return [
      Finding(subject: "configuration", verdict: user.problem == nil ? .ok : .failure, detail: configuration),
      Finding(subject: "log", verdict: .ok, detail: Installation.logPath),
    ]
  }

  private func helpers() -> [Finding] {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/bin:/usr/bin").split(separator: ":")
    let found = folders.map { String($0) + "/ffmpeg" }.first { access($0, X_OK) == 0 }
    return [
      Finding(
        subject: "ffmpeg", verdict: found == nil ? .note : .ok,
        detail: found ?? "not installed: video files and network streams cannot be opened (apt install ffmpeg)"),
      sqlite(),
    ]
  }

  private func sqlite() -> Finding {
    do {
      return Finding(
        subject: "SQLite", verdict: .ok, detail: "\(try SQLiteLibrary.load().version), for bags of ROS 2 (.db3)")
    } catch { return Finding(subject: "SQLite", verdict: .note, detail: "\(error)") }
  }

  private func folders() -> [Finding] {
    let themes = Dashboard.themes(folders: Installation.folders(of: "themes")).compactMap(\.path)
    let found = [
      ("themes", Self.unique(themes.map { $0.folderPath })),
      ("models", Installation.folders(of: "models")),
    ]
    return found.map { kind, folders in
      Finding(
        subject: "\(kind) folders", verdict: folders.isEmpty ? .note : .ok,
        detail: folders.isEmpty ? "none" : folders.joined(separator: ", "))
    }
  }

  private static func unique(_ paths: [String]) -> [String] {
    var seen: Set<String> = []
    return paths.filter { seen.insert($0).inserted }
  }
}
