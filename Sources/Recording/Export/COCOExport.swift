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

  private let sources: [DataSetSource]

  init(_ sources: [DataSetSource]) { self.sources = sources }

  func write(into folder: String, _ progress: (Double) -> Bool) throws -> RecordingExport.Report {
    do throws(SystemError) { try SystemFileLayer().makeDirectory(folder + "/images") } catch {
      throw OutputFile.explain(error, "make the folder", folder)
    }
    let names = sources.map(\.export.reader.name)
    var report = RecordingExport.Report()
    var document = Document(
      info: ["description": names.map { fileName(of: $0) }.joined(separator: ", "), "contributor": "ocellus export"])
    let classes = DataSetSource.classes(of: sources)
    for (number, source) in sources.enumerated() {
      report.notes += source.results.notes
      try source.forEach(&report, into: { _ in folder + "/images" }) {
        progress((Double(number) + $0) / Double(sources.count))
      } _: { item in
        let imageID = document.images.count + 1
        document.images.append(
          Picture(
            id: imageID, file_name: "images/" + item.name, width: item.picture.width, height: item.picture.height,
            timestamp_ns: item.logTime, time: UTCText.milliseconds(item.logTime)))
        for detection in item.objects {
          document.annotations.append(
            annotation(
              detection, document.annotations.count + 1, imageID, classes.number(of: detection), item.picture))
        }
      }
    }
    try report.checkNotEmpty(names.joined(separator: ", "))
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
