import Ground
import Vision

/// Labels as YOLO's trainers read them.
///
/// Source: https://docs.ultralytics.com/datasets/detect/.
package enum YOLOLabels {
  /// A line of a picture's text: the class, and the centre and the sides of the box as shares of the picture.
  ///
  /// - Returns: nil for an object that lies outside of the picture.
  package static func line(of object: Detection, _ number: Int, frameWidth: Int, frameHeight: Int) -> String? {
    let (width, height) = (Float(frameWidth), Float(frameHeight))
    let box = object.box
    let (left, right) = (max(0, min(width, box.x)), max(0, min(width, box.x + box.width)))
    let (top, bottom) = (max(0, min(height, box.y)), max(0, min(height, box.y + box.height)))
    guard right > left, bottom > top else { return nil }
    let numbers = [
      (left + right) / 2 / width, (top + bottom) / 2 / height, (right - left) / width, (bottom - top) / height,
    ]
    return "\(number) " + numbers.map { String(JSONNumber.rounded($0, 6)) }.joined(separator: " ")
  }

  /// `data.yaml`. Trainers want a name for every number up to the last.
  package static func description(train: String, val: String, _ names: [String]) -> String {
    var text = "path: .\ntrain: \(train)\nval: \(val)\nnames:\n"
    for (number, name) in names.enumerated() { text += "  \(number): \(quoted(name))\n" }
    return text
  }

  /// A double-quoted scalar of YAML (1.2, 7.3.1): names may hold anything.
  private static func quoted(_ name: String) -> String {
    "\"" + name.plainLine.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
