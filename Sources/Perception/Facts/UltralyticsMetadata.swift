import Ground

/// What Ultralytics' exporter writes into a file: task, stride, image size and names, as Python literals.
struct UltralyticsMetadata: Sendable {
  var task: String
  var names: [String]
  /// How many classes there are, named or numbered.
  var classes: Int
  var width: Int?
  var height: Int?
  /// Number of keypoints and of values each ("kpt_shape").
  var keypoints: (count: Int, values: Int)?
  /// Whether suppression happens inside the network (YOLOv10, YOLO26, or `nms=True`).
  var endToEnd: Bool
  var description: String
  /// What could not be read, a sentence each.
  var problems: [String] = []

  init?(_ metadata: [String: String]) {
    guard let task = metadata["task"], metadata["stride"] != nil || metadata["names"] != nil else { return nil }
    self.task = task
    description = metadata["description"] ?? ""
    var problems: [String] = []
    func literal(_ key: String) -> PythonLiteral? {
      guard let text = metadata[key] else { return nil }
      do throws(PythonLiteral.Failure) { return try PythonLiteral(text) } catch {
        problems.append("the metadata's '\(key)' is not used: \(error.words)")
        return nil
      }
    }
    let told = literal("names")
    let written = told.map(UltralyticsMetadata.names) ?? []
    if let told, UltralyticsMetadata.isBeyond(told) { problems.append("the metadata's 'names': \(LabelSets.beyond)") }
    // A network that was never told its classes is exported with their numbers for names.
    classes = written.count
    names = written.enumerated().allSatisfy { $1 == "\($0)" } ? [] : written
    let size = literal("imgsz").map(UltralyticsMetadata.integers) ?? []
    if let height = size.first, size.allSatisfy({ (1...8192).contains($0) }) {
      self.height = height
      width = size[size.count - 1]
    }
    let shape = literal("kpt_shape").map(UltralyticsMetadata.integers) ?? []
    if shape.count == 2, (1...1000).contains(shape[0]), (2...3).contains(shape[1]) {
      keypoints = (shape[0], shape[1])
    }
    endToEnd = metadata["end2end"]?.lowercased() == "true" || literal("args")?["nms"] == .bool(true)
    self.problems = problems
  }

  /// The names of `{0: 'person', 1: "driver's seat"}` or `['a', 'b']`, ordered by index, as Python prints them where they are
  /// not strings. Gaps become "class N"; keys that are not indices are left out.
  static func names(_ literal: PythonLiteral) -> [String] {
    var found: [Int: String] = [:]
    func add(_ key: PythonLiteral, _ value: PythonLiteral) {
      if let index = key.wholeNumber, (0..<LabelSets.most).contains(index) {
        found[index] = value.text
      } else if case .string(let name) = key, let index = value.wholeNumber, (0..<LabelSets.most).contains(index) {
        // The other way round: {'person': 0}.
        found[index] = name
      }
    }
    switch literal {
    case .table(let pairs): for pair in pairs { add(pair.key, pair.value) }
    case .list(let items):
      let pairs = items.compactMap { item -> (PythonLiteral, PythonLiteral)? in
        guard case .list(let pair) = item, pair.count == 2, case .integer = pair[0] else { return nil }
        return (pair[0], pair[1])
      }
      if !items.isEmpty, pairs.count == items.count {
        for (key, value) in pairs { add(key, value) }
      } else {
        for (index, item) in items.prefix(LabelSets.most).enumerated() { found[index] = item.text }
      }
    case .string(let text): found[0] = text
    case .none, .bool, .integer, .number: break
    }
    guard let last = found.keys.max() else { return [] }
    return (0...last).map { found[$0] ?? "class \($0)" }
  }

  /// Whether names of more classes are given than a network can have.
  private static func isBeyond(_ literal: PythonLiteral) -> Bool {
    switch literal {
    case .table(let pairs):
      pairs.contains { pair in [pair.key, pair.value].contains { ($0.wholeNumber ?? 0) >= LabelSets.most } }
    case .list(let items): items.count > LabelSets.most
    case .string, .none, .bool, .integer, .number: false
    }
  }

  /// All whole numbers of `[640, 480]` or `640`.
  static func integers(_ literal: PythonLiteral) -> [Int] {
    if case .list(let items) = literal { return items.prefix(16).compactMap(\.wholeNumber) }
    return literal.wholeNumber.map { [$0] } ?? []
  }
}
