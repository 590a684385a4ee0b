/// Finds out which topic of results belongs to which camera: a recording may hold several of both.
///
/// Results carry the header of their picture, its stamp and the name of its frame. Where cameras are synchronised and share one
/// name, the names of the topics decide: `/front/detections` goes with `/front/image_raw`.
struct ResultTopics {
  /// What speaks for a pair, the strongest first.
  private struct Kinship: Comparable {
    /// Results whose stamp and frame are those of a picture.
    var pictures = 0
    /// Results whose stamp is that of a picture.
    var stamps = 0
    /// Results that name the camera's frame.
    var frames = 0
    /// Parts that the names of the topics have in common at their beginnings.
    var names = 0

    static func < (a: Kinship, b: Kinship) -> Bool {
      (a.pictures, a.stamps, a.frames, a.names) < (b.pictures, b.stamps, b.frames, b.names)
    }

    var isAny: Bool { self > Kinship() }
  }

  /// Results of a topic that are compared: the first ones and some of the rest.
  private static let samples = 24
  /// Cameras that are compared.
  private static let mostCameras = 32

  private let pictures: PictureTrack

  init(_ pictures: PictureTrack) { self.pictures = pictures }

  /// The topic that belongs to the pictures, of those given; nil when each belongs to another camera, or to none.
  func choose(_ topics: [String: StampIndex]) -> String? {
    let related = topics.compactMap { name, index -> (name: String, kinship: Kinship, count: Int)? in
      guard let kinship = kinship(name, index) else { return nil }
      return (name, kinship, index.locations.count)
    }
    return related.max { ($0.kinship, $0.count, $1.name) < ($1.kinship, $1.count, $0.name) }?.name
  }

  /// What speaks for the pictures; nil where more speaks for another camera.
  private func kinship(_ name: String, _ results: StampIndex) -> Kinship? {
    let mine = kinship(name, results, pictures.topic, pictures.stamps)
    let others = pictures.cameras.keys.filter { $0 != pictures.topic }.sorted().prefix(ResultTopics.mostCameras)
    for other in others {
      guard let stamps = pictures.cameras[other] else { continue }
      // A topic may hold the results of several cameras, and name the frame of each.
      let isTold = mine.pictures > 0 && stamps.header(0)?.frame != pictures.stamps.header(0)?.frame
      if !isTold, kinship(name, results, other, stamps) > mine { return nil }
    }
    return mine.isAny || others.isEmpty ? mine : nil
  }

  private func kinship(_ name: String, _ results: StampIndex, _ camera: String, _ stamps: StampIndex) -> Kinship {
    var kinship = Kinship()
    let cameraFrame = stamps.header(0)?.frame
    let step = max(1, results.locations.count / ResultTopics.samples)
    for index in stride(from: 0, to: results.locations.count, by: step).prefix(ResultTopics.samples) {
      guard let header = results.header(index) else { continue }
      if header.frame == cameraFrame { kinship.frames += 1 }
      guard header.stamp != 0 else { continue }
      let same = stamps.messages(stamped: header.stamp, near: results.locations[index].logTime)
      if !same.isEmpty { kinship.stamps += 1 }
      if same.contains(where: { stamps.header($0)?.frame == header.frame }) { kinship.pictures += 1 }
    }
    kinship.names = zip(name.split(separator: "/"), camera.split(separator: "/")).prefix { $0 == $1 }.count
    return kinship
  }
}
