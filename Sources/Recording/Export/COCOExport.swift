import Capture
import Foundation
import Ground
import Perception
import Pipeline
import Vision

/// A recording as a COCO data set (https://cocodataset.org/#format-data): pictures, boxes, masks, keypoints.
struct COCOExport {
  private struct Document: Encodable {
    var info: [String: String]
    var licenses: [String] = []
    var images: [Picture] = []
    var annotations: [Annotation] = []
    var categories: [Category] = []
  }

  private struct Picture: Encodable {
    var id: Int
    var file_name: String
    var width: Int
    var height: Int
    /// Nanoseconds since 1970.
    var timestamp_ns: UInt64
    /// The same in UTC.
    var time: String
  }

  private struct Annotation: Encodable {
    var id: Int
    var image_id: Int
    var category_id: Int
    var bbox: [Double]
    var area: Double
    var iscrowd = 0
    /// Run lengths where the network gave masks; boxes alone have none.
    var segmentation: RunLengthMask?
    var keypoints: [Double]?
    var num_keypoints: Int?
    var score: Double
    var track_id: Int?
  }

  private struct Category: Encodable {
    var id: Int
    var name: String
    var supercategory = "object"
  }

  private let export: RecordingExport
  private let frames: FramesExport

  init(_ export: RecordingExport) throws {
    self.export = export
    frames = try FramesExport(export)
  }

  func write(to output: String, _ progress: (Double) -> Bool) throws -> RecordingExport.Report {
    let folder = try OutputFolder(output)
    do {
      let report = try write(into: folder.working, progress)
      try folder.finish()
      return report
    } catch {
      folder.discard()
      throw error
    }
  }

  private func write(into folder: String, _ progress: (Double) -> Bool) throws -> RecordingExport.Report {
    do throws(SystemError) { try SystemFileLayer().makeDirectory(folder + "/images") } catch {
      throw OutputFile.explain(error, "make the folder", folder)
    }
    var report = RecordingExport.Report()
    let results = try export.results(of: frames.pictures)
    report.notes = results.notes
    var document = Document(info: ["description": fileName(of: export.reader.name), "contributor": "ocellus export"])
    let classes = export.classes(of: results)
    let pictures = frames.pictures
    for index in 0..<pictures.count {
      if index % 8 == 0 { try export.check(progress, index, of: pictures.count) }
      let picture: PictureTrack.Picture
      let name: String
      let found: [Detection]
      do {
        picture = try pictures.picture(index)
        found = try results.result(ofPicture: index)?.findings.detections ?? []
        name = try frames.write(index, into: folder + "/images")
      } catch  where RecordingExport.isDamage(error) {
        report.note(damage: RecordedResult.reason(error))
        continue
      }
      let time = pictures.locations[index].logTime
      document.images.append(
        Picture(
          id: index + 1, file_name: "images/" + name, width: picture.image.width, height: picture.image.height,
          timestamp_ns: time, time: UTCText.milliseconds(time)))
      report.frames += 1
      for detection in found {
        document.annotations.append(
          annotation(detection, document.annotations.count + 1, index + 1, classes.number(of: detection), picture.image))
        report.detections += 1
      }
    }
    try report.checkNotEmpty(export.reader.name)
    document.categories = classes.sorted.map { Category(id: $0.number, name: $0.name) }
    let text = try OutputText(folder + "/annotations.json")
    try text.write(try document.jsonLine() + "\n")
    try text.finish()
    return report
  }

  private func annotation(
    _ detection: Detection, _ id: Int, _ imageID: Int, _ categoryID: Int, _ image: Image
  ) -> Annotation {
    let box = detection.box
    var annotation = Annotation(
      id: id, image_id: imageID, category_id: categoryID,
      bbox: [box.x, box.y, box.width, box.height].map { rounded($0, 2) }, area: rounded(box.area, 2),
      score: rounded(detection.confidence, 4))
    annotation.track_id = detection.track
    if let mask = detection.mask {
      let runs = RunLengthMask(mask, frameWidth: image.width, frameHeight: image.height)
      annotation.segmentation = runs
      annotation.area = Double(mask.bits.reduce(0) { $0 + ($1 == 0 ? 0 : 1) })
    }
    if !detection.pose.isEmpty {
      // COCO's third number: 2 where the point is visible, 0 where it is not labelled.
      annotation.keypoints = detection.pose.flatMap {
        [rounded($0.x, 2), rounded($0.y, 2), $0.confidence >= 0.5 ? 2 : 0]
      }
      annotation.num_keypoints = detection.pose.count { $0.confidence >= 0.5 }
    }
    return annotation
  }
}
