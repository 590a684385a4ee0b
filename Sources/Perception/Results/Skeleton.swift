/// Which points of a pose are joined by a line.
public struct Skeleton: Sendable, Hashable {
  /// Two points by their numbers.
  public struct Bone: Sendable, Hashable {
    public var from: Int
    public var to: Int

    public init(_ from: Int, _ to: Int) {
      self.from = from
      self.to = to
    }
  }

  /// Bones that a skeleton may have, and the highest number of a point.
  static let limit = 1000

  public var bones: [Bone]

  public init(_ bones: [Bone]) { self.bones = bones }

  /// The skeleton of a pose with this number of points, numbered as in its data set; nil where no data set has this number, or
  /// its points are not joints.
  public static func usual(points: Int) -> Skeleton? {
    switch points {
    case 14: lsp
    case 16: mpii
    case 17: coco
    case 21: hand
    case 33: blazePose
    case 133: wholeBody
    default: nil
    }
  }

  private init(_ pairs: [(Int, Int)]) { self.init(pairs.map { Bone($0.0, $0.1) }) }

  private static let cocoPairs: [(Int, Int)] = [
    (15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8), (7, 9), (8, 10), (1, 2),
    (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6),
  ]
  private static let handPairs: [(Int, Int)] = [
    (0, 1), (1, 2), (2, 3), (3, 4), (0, 5), (5, 6), (6, 7), (7, 8), (0, 9), (9, 10), (10, 11), (11, 12), (0, 13),
    (13, 14),
    (14, 15), (15, 16), (0, 17), (17, 18), (18, 19), (19, 20),
  ]
  private static let footPairs: [(Int, Int)] = [(15, 17), (15, 18), (15, 19), (16, 20), (16, 21), (16, 22)]

  private static func hand(at start: Int, wrist: Int) -> [(Int, Int)] {
    [(wrist, start)] + handPairs.map { (from, to) in (from + start, to + start) }
  }

  /// COCO's keypoints: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles.
  private static let coco = Skeleton(cocoPairs)
  /// MPII Human Pose.
  private static let mpii = Skeleton([
    (0, 1), (1, 2), (2, 6), (6, 3), (3, 4), (4, 5), (6, 7), (7, 8), (8, 9), (10, 11), (11, 12), (12, 7), (7, 13),
    (13, 14), (14, 15),
  ])
  /// Leeds Sports Pose.
  private static let lsp = Skeleton([
    (0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (6, 7), (7, 8), (8, 12), (12, 9), (9, 10), (10, 11), (12, 13), (2, 8),
    (3, 9),
  ])
  /// A hand: the wrist, then four points a finger.
  private static let hand = Skeleton(handPairs)
  /// MediaPipe's body.
  private static let blazePose = Skeleton([
    (11, 12), (11, 13), (13, 15), (12, 14), (14, 16), (11, 23), (12, 24), (23, 24), (23, 25), (25, 27), (24, 26),
    (26, 28),
    (27, 31), (28, 32), (27, 29), (28, 30), (29, 31), (30, 32), (0, 2), (0, 5), (2, 7), (5, 8), (9, 10),
  ])
  /// COCO-WholeBody: the body, six points of the feet, 68 of the face, two hands.
  private static let wholeBody = Skeleton(
    cocoPairs + footPairs + hand(at: 91, wrist: 9) + hand(at: 112, wrist: 10))
}

extension Skeleton: Codable {
  /// `[[from, to], …]`, as in manifests.
  public init(from decoder: any Decoder) throws {
    let pairs = try [[Int]](from: decoder)
    guard let skeleton = Skeleton(pairs: pairs) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a skeleton is a list of pairs of points"))
    }
    self = skeleton
  }

  public func encode(to encoder: any Encoder) throws { try bones.map { [$0.from, $0.to] }.encode(to: encoder) }

  /// nil where an entry is not a pair of points.
  init?(pairs: [[Int]]) {
    let isPossible = { (pair: [Int]) in pair.count == 2 && pair.allSatisfy { (0..<Skeleton.limit).contains($0) } }
    guard pairs.count <= Skeleton.limit, pairs.allSatisfy(isPossible) else { return nil }
    self.init(pairs.map { Bone($0[0], $0[1]) })
  }
}

extension Detection {
  /// Points of a pose that are less certain are not drawn.
  public static let leastPointConfidence: Float = 0.3

  /// Calls `body` with both ends of every line of the pose that can be drawn.
  public func forEachBone(_ body: (Keypoint, Keypoint) -> Void) {
    let points = pose
    guard !points.isEmpty, let skeleton = poseSkeleton ?? Skeleton.usual(points: points.count) else { return }
    for bone in skeleton.bones where bone.from < points.count && bone.to < points.count {
      let (from, to) = (points[bone.from], points[bone.to])
      if from.isDrawn, to.isDrawn { body(from, to) }
    }
  }

  /// The number by which an object's mask and pose take their colour: two objects of one class can lie over each other.
  public var colorNumber: Int { track ?? number }
}

extension Keypoint {
  /// Whether it is certain enough, and somewhere.
  public var isDrawn: Bool { confidence >= Detection.leastPointConfidence && x.isFinite && y.isFinite }
}
