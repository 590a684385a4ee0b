public import Perception
import Vision

/// An object in JSON. Fields that do not apply are left out.
public struct DetectionRecord: Codable, Sendable {
  var label: String
  var class_id: Int
  var confidence: Double
  var box: [Double]
  var angle: Double?
  var track: Int?
  /// The stage that found it; none in records of schema 1.
  var stage: StageID?
  /// Of the last stage that classified it, the best five; `attributes` has all.
  var classes: [Classification]?
  var sequence_classes: [Classification]?
  var keypoints: [Keypoint]?
  var embedding: [Double]?
  var references: [Likeness.Match]?
  var masks: [RunLengthMask]?
  /// What each further stage says of it.
  var attributes: [KnownLayer]?

  /// How many classes the field `classes` lists.
  private static let listedClasses = 5

  /// The record of a detection in a frame of the given size in pixels.
  public init(_ detection: Detection, frameWidth: Int, frameHeight: Int) {
    func filled<Element>(_ list: [Element]) -> [Element]? { list.isEmpty ? nil : list }
    label = detection.label
    class_id = detection.classID
    confidence = JSONNumber.rounded(detection.confidence, 4)
    let b = detection.box
    box = [b.x, b.y, b.width, b.height].map { JSONNumber.rounded($0, 2) }
    angle = detection.angle.map { JSONNumber.rounded($0, 4) }
    track = detection.track
    stage = detection.stage == .unsigned ? nil : detection.stage
    classes = filled(Array(detection.classes.prefix(DetectionRecord.listedClasses)))
    sequence_classes = filled(detection.activity)
    keypoints = filled(detection.pose)
    embedding = detection.embedding.map { $0.map { JSONNumber.rounded($0, 6) } }
    references = filled(detection.attributes.last(Likeness.self)?.nearMatches ?? [])
    masks = detection.mask.map { [RunLengthMask($0, frameWidth: frameWidth, frameHeight: frameHeight)] }
    attributes = filled(detection.attributes.written.map(KnownLayer.init))
  }

  /// The object of a record; nil where its box is none.
  ///
  /// - Parameter classifier: the model behind the classes of a record of schema 1.
  /// - Throws: `DecodingError` when a mask is not of the frame, or has more cells than `budget` has left.
  func detection(
    frameWidth: Int, frameHeight: Int, classifier: String?, budget: CellBudget
  ) throws -> Detection? {
    guard box.count == 4, box.allSatisfy({ Float($0).isFinite }) else { return nil }
    let sides = box.map { Float($0) }
    var detection = Detection(
      label: label, classID: class_id, confidence: min(max(Float(confidence), 0), 1),
      box: Box(x: sides[0], y: sides[1], width: sides[2], height: sides[3]))
    detection.angle = angle.map { Float($0) }
    detection.track = track
    detection.stage = stage ?? "detector"
    detection.mask = try masks?.first.flatMap { runs in
      guard runs.size == [frameHeight, frameWidth] else { return nil }
      guard let mask = runs.mask(budget) else {
        throw DecodingError.dataCorrupted(
          .init(codingPath: [], debugDescription: "a mask does not fill its frame, or the masks are too large together")
        )
      }
      return mask
    }
    let vector = embedding?.map { Float($0) }
    let known = attributes?.compactMap(\.layer)
    if let known {
      detection.attributes = known.withRepeatedVector(vector)
    } else {
      if let classes { detection.attach(Classes(classes), by: "classifier") }
      if let vector { detection.attach(FeatureVector(vector, model: classifier ?? ""), by: "classifier") }
      if let sequence_classes { detection.attach(Activity(sequence_classes), by: "sequence") }
    }
    if known?.last(Pose.self) == nil { detection.keypoints = keypoints ?? [] }
    return detection
  }
}
