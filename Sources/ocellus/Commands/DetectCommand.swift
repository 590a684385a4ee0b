import ArgumentParser
import Configuration
import Foundation
import Ground
import Perception
import Pipeline
import Vision
import Service

/// `ocellus detect`: a network on photos, once.
struct DetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect", abstract: "Run a model on photos.",
    discussion: """
      If a photo cannot be read, an error is printed, the other photos are still
      processed, and the exit status is 1. Photos are turned as their Exif data
      asks. --save never overwrites an input photo. If
      two photos have the same name, the second is saved as NAME-2.

      EXAMPLES
        ocellus detect photo.jpg --model yolov8n.onnx
        ocellus detect *.jpg --model yolov8n.onnx --json
        ocellus detect photo.jpg --save out
        ocellus detect shelf.jpg --embedder reid --reference "our pallet=pallet.jpg"
        ocellus detect photo.jpg --model clip-image --labels "a cat, a dog"
      """)

  @Argument(help: ArgumentHelp("Photos: JPEG or PNG.", valueName: "IMAGE"))
  var images: [String]

  @OptionGroup(title: "Networks and stages") var stages: StageOptions
  @OptionGroup(title: "Thresholds") var confidence: ConfidenceOption
  @OptionGroup var profile: ProfileOption

  @Flag(name: .long, help: "Print one JSON line per photo.")
  var json = false

  @Option(
    name: .long,
    help: ArgumentHelp("Save a copy of each photo with the boxes drawn into this folder.", valueName: "DIR"))
  var save: String?

  @OptionGroup(title: "Thresholds") var suppression: SuppressionOptions
  @OptionGroup(title: "References and labels") var likeness: LikenessOptions
  @OptionGroup(title: "Engine") var engine: EngineOptions

  func run() throws {
    var request = try stages.request()
    try likeness.apply(to: &request)
    let (configuration, problems) = try SessionConfiguration.photos(request)
    let references = LiveSession.references()
    for problem in problems + [references.problem].compactMap(\.self) {
      StandardStreams.writeErrorLine("Warning: \(problem)")
    }
    let pipeline = try PhotoPipeline(
      provider: InstalledModels(options: engine.options, wishes: suppression.wishes), configuration: configuration,
      references: references.store, warn: { StandardStreams.writeErrorLine("Warning: \($0)") })
    if let save { try makeFolder(save) }
    var copies = save.map { PhotoCopies(of: images, in: $0) }
    var failed = 0
    for path in images {
      do {
        try look(at: path, with: pipeline, copies: &copies)
      } catch {
        failed += 1
        if images.count == 1 { throw error }
        StandardStreams.writeErrorLine("Error: \(error)")
      }
    }
    if failed > 0 { throw ExitCode(1) }
  }

  private func look(at path: String, with pipeline: PhotoPipeline, copies: inout PhotoCopies?) throws {
    let image = try ImageFile.load(path) { warning in
      StandardStreams.writeErrorLine("Warning: \(warning.line); it is looked at all the same")
    }
    let (findings, timings) = try pipeline.look(at: image, minimumConfidence: confidence.value)
    if json {
      let record = PhotoRecord(
        image: path, width: image.width, height: image.height, model: pipeline.primary?.name ?? "",
        findings: findings, stages: timings)
      StandardStreams.writeLine(try record.jsonLine())
    } else {
      printText(path, findings)
    }
    if let copy = try copies?.path(for: path) { try draw(findings, over: image, of: path, to: copy) }
  }

  private func printText(_ path: String, _ findings: Findings) {
    StandardStreams.writeLine("\(path): \(findings.detections.count) detections")
    for detection in findings.detections {
      let b = detection.box
      let second = detection.attributes.all(Classes.self).compactMap(\.content.list.first).map {
        "  \($0.label) \(percent($0.confidence))"
      }.joined()
      let line =
        "  \(percent(detection.confidence))  \(detection.label)  "
        + "[\(Int(saturating: b.x)), \(Int(saturating: b.y)), \(Int(saturating: b.width)), \(Int(saturating: b.height))]\(second)\(likeness(detection.matches))"
      StandardStreams.writeLine(line)
    }
    if !findings.matches.isEmpty { StandardStreams.writeLine(" \(likeness(findings.matches))") }
    for (_, map) in findings.layers.all(SegmentationMap.self) { printShares(map) }
    for (_, map) in findings.layers.all(DepthMap.self) {
      StandardStreams.writeLine(
        "  depth \(map.columns)x\(map.rows), \(map.range.lowerBound) to \(map.range.upperBound)")
    }
    for classification in findings.classes.prefix(5) {
      StandardStreams.writeLine("  \(percent(classification.confidence))  \(classification.label)")
    }
  }

  /// How much of the picture each class covers, the five largest.
  private func printShares(_ map: SegmentationMap) {
    let counts = Dictionary(grouping: map.classes, by: \.self).mapValues(\.count)
    for (id, count) in counts.sorted(by: { ($0.value, $1.key) > ($1.value, $0.key) }).prefix(5) {
      let name = map.labels.indices.contains(Int(id)) ? map.labels[Int(id)] : "class \(id)"
      StandardStreams.writeLine(
        "  \(percent(Float(count) / Float(max(1, map.classes.count))))  of the picture is \(name)")
    }
  }

  private func likeness(_ matches: [Likeness.Match]) -> String {
    matches.first { $0.similarity >= Likeness.near }.map {
      "  like \($0.name) \(String(format: "%.2f", $0.similarity))"
    } ?? ""
  }

  private func percent(_ share: Float) -> String { String(format: "%5.1f%%", share * 100) }

  private func draw(_ findings: Findings, over image: Image, of path: String, to copy: String) throws {
    guard var canvas = Canvas(image) else {
      throw CommandFailure(what: "the photo's pixels are not RGB", place: path)
    }
    FindingsPainter.paint(findings, on: &canvas)
    guard let painted = canvas.image else { return }
    try ImageFile.save(painted, to: copy)
  }
}
