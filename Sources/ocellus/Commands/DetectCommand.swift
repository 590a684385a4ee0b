import ArgumentParser
import Capture
import Configuration
import Foundation
import Ground
import Perception
import Pipeline
import Service
import Vision

/// `ocellus detect`: a network on pictures, each by itself.
struct DetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect", abstract: "Run a model on photos, videos and other sources.",
    discussion: """
      Takes what `run --source` takes: photos, folders of photos, videos,
      recordings, streams (rtsp://…, http://…) and cameras. Each picture is looked at
      by itself, once: nothing is tracked, and nothing of one picture counts in the
      next (`run --headless --json` tracks). Of cameras and streams, which do not end,
      one picture is looked at, or as many as --frames says; of files all.

      If a picture cannot be read, an error is printed, the others are still
      processed, and the exit status is 1. Photos are turned as their Exif data
      asks. JPEG and PNG need no other program; WebP, BMP, TIFF, AVIF, videos and
      streams need ffmpeg. --save never overwrites a file that is looked at. If two
      copies have the same name, the second is saved as NAME-2; frames are saved as
      NAME-000001.jpg, and photos in formats that are not written as NAME.png.

      EXAMPLES
        ocellus detect photo.jpg --model yolov8n.onnx
        ocellus detect *.jpg clip.mp4 holiday/ --model yolov8n.onnx --json
        ocellus detect photo.webp --save out
        ocellus detect rtsp://camera/stream --frames 5 --save out
        ocellus detect shelf.jpg --embedder reid --reference "our pallet=pallet.jpg"
        ocellus detect photo.jpg --model clip-image --labels "a cat, a dog"
      """)

  @Argument(
    help: ArgumentHelp(
      "Photos (JPEG, PNG, WebP, BMP, TIFF, AVIF, PPM), folders of photos, videos, recordings, rtsp://…, http://…, "
        + "/dev/video0, demo.", valueName: "IMAGE"))
  var images: [String]

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Look at this many pictures of each video, recording or stream (default: all of a file, 1 of what does not end).",
      valueName: "N"))
  var frames: Int?

  @OptionGroup(title: "Networks and stages") var stages: StageOptions
  @OptionGroup(title: "Thresholds") var confidence: ConfidenceOption
  @OptionGroup var profile: ProfileOption

  @Flag(name: .long, help: "Print one JSON line per picture.")
  var json = false

  @Option(
    name: .long,
    help: ArgumentHelp("Save a copy of each picture with the boxes drawn into this folder.", valueName: "DIR"))
  var save: String?

  @OptionGroup(title: "Thresholds") var suppression: SuppressionOptions
  @OptionGroup(title: "References and labels") var likeness: LikenessOptions
  @OptionGroup(title: "Engine") var engine: EngineOptions

  func validate() throws {
    if let frames, frames < 1 { throw ValidationError("--frames takes a number from 1") }
  }

  func run() throws {
    var request = try stages.request()
    try likeness.apply(to: &request)
    let inputs = try images.map { try PictureInput($0) }
    let (configuration, problems) = try self.configuration(request, inputs)
    let references = LiveSession.references()
    for problem in problems + [references.problem].compactMap(\.self) { warn(problem) }
    let pipeline = try PhotoPipeline(
      provider: InstalledModels(options: engine.options, wishes: suppression.wishes), configuration: configuration,
      references: references.store, warn: warn)
    if let save { try makeFolder(save) }
    var copies = save.map { PhotoCopies(of: images + inputs.flatMap { $0.photos ?? [] }, in: $0) }
    var failed = 0
    func refuse(_ error: any Error) {
      failed += 1
      StandardStreams.writeErrorLine("Error: \(error)")
    }
    for input in inputs {
      do {
        try input.forEach(atMost: frames, notice: warn, refusal: refuse) { picture in
          try look(at: picture, with: pipeline, copies: &copies)
        }
      } catch { refuse(error) }
    }
    if failed > 0 { throw ExitCode(1) }
  }

  private func warn(_ line: String) { StandardStreams.writeErrorLine("Warning: \(line)") }

  /// That a photo cannot be read comes before that no network could look at it.
  private func configuration(
    _ request: SessionRequest, _ inputs: [PictureInput]
  ) throws -> (SessionConfiguration, problems: [String]) {
    do {
      return try SessionConfiguration.photos(request, ofDemo: inputs.allSatisfy(\.isDemo))
    } catch let error as ServiceError where error.kind == .noNetwork {
      for input in inputs { try input.check() }
      throw error
    }
  }

  private func look(at picture: LonePicture, with pipeline: PhotoPipeline, copies: inout PhotoCopies?) throws {
    let (findings, timings) = try pipeline.look(at: picture.image, minimumConfidence: confidence.value)
    if json {
      var record = PhotoRecord(
        image: picture.name, width: picture.image.width, height: picture.image.height,
        model: pipeline.primary?.name ?? "", findings: findings, stages: timings)
      record.frame = picture.frame
      record.seconds = picture.seconds
      record.wall = picture.recorded?.wall
      record.file = picture.file
      StandardStreams.writeLine(try record.jsonLine())
    } else {
      for line in DetectionText(picture, findings).lines { StandardStreams.writeLine(line) }
    }
    if let copy = try copies?.path(for: picture) { try draw(findings, over: picture.image, to: copy) }
  }

  private func draw(_ findings: Findings, over image: Image, to copy: String) throws {
    guard var canvas = Canvas(image.rgb24()) else {
      throw CommandFailure(what: "the picture's pixels are not RGB", place: copy)
    }
    FindingsPainter.paint(findings, on: &canvas)
    guard let painted = canvas.image else { return }
    try ImageFile.save(painted, to: copy)
  }
}
