import Ground

/// What Ultralytics' exporter writes into a file: task, stride, image size and names, as Python literals.
struct UltralyticsMetadata: Sendable {
  var task: String
  var names: [String]
  /// How many classes there are, named or numbered.
  var classes: Int
  var width: Int?
  var height: Int?
  var stride: Int?
  /// Number of keypoints and of values each ("kpt_shape").
  var keypoints: (count: Int, values: Int)?
  /// Whether suppression happens inside the network (YOLOv10, YOLO26, or `nms=True`).
  var endToEnd: Bool
  var description: String

  init?(_ metadata: [String: String]) {
    guard let task = metadata["task"], metadata["stride"] != nil || metadata["names"] != nil else { return nil }
    self.task = task
    description = metadata["description"] ?? ""
    let written = PythonLiteral.names(metadata["names"] ?? "")
    // A network that was never told its classes is exported with their numbers for names.
    classes = written.count
    names = written.enumerated().allSatisfy { $1 == "\($0)" } ? [] : written
    let size = PythonLiteral.integers(metadata["imgsz"] ?? "")
    if let height = size.first, size.allSatisfy({ (1...8192).contains($0) }) {
      self.height = height
      width = size[size.count - 1]
    }
    stride = metadata["stride"].flatMap { Int($0) }
    let shape = PythonLiteral.integers(metadata["kpt_shape"] ?? "")
    if shape.count == 2, (1...1000).contains(shape[0]), (2...3).contains(shape[1]) {
      keypoints = (shape[0], shape[1])
    }
    let arguments = (metadata["args"] ?? "").filter { !$0.isWhitespace }
    endToEnd = metadata["end2end"]?.lowercased() == "true" || arguments.contains("'nms':True")
  }
}

/// The few shapes of Python literal that exporters write.
enum PythonLiteral {
  /// The names of `{0: 'person', 1: "driver's seat"}` or `['a', 'b']`, ordered by index. Gaps become "class N".
  static func names(_ text: String) -> [String] {
    var found: [(Int, String)] = []
    var number: Int?
    var position = 0
    var rest = Substring(text.prefix(1 << 20))
    while let character = rest.first {
      if character == "'" || character == "\"" {
        let (name, after) = quoted(rest.dropFirst(), until: character)
        found.append((number ?? position, name))
        position += 1
        number = nil
        rest = after
      } else if character.isASCII, character.isNumber {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        number = Int(digits)
        rest = rest.dropFirst(digits.count)
      } else {
        rest = rest.dropFirst()
      }
    }
    guard let last = found.map(\.0).max(), last < 100_000 else { return [] }
    var names = (0...last).map { "class \($0)" }
    for (index, name) in found { names[index] = name }
    return names
  }

  private static func quoted(_ text: Substring, until quote: Character) -> (String, Substring) {
    var name = ""
    var rest = text
    while let character = rest.first {
      rest = rest.dropFirst()
      if character == quote { break }
      if character == "\\", let escaped = rest.first {
        name.append(escaped)
        rest = rest.dropFirst()
      } else {
        name.append(character)
      }
    }
    return (name, rest)
  }

  /// All whole numbers in `[640, 480]` and the like.
  static func integers(_ text: String) -> [Int] {
    text.prefix(1000).split { !($0.isASCII && $0.isNumber) }.compactMap { Int($0) }
  }
}
