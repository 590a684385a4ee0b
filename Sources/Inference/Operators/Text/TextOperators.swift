import Foundation
import Ground

/// Strings: StringConcat, StringSplit, StringNormalizer; and the label look-ups of ai.onnx.ml that classifiers exported
/// from other libraries end with.
enum TextOperators {
  private static let ml = "ai.onnx.ml"

  static let definitions: [OperatorDefinition] = [
    .tensor("StringConcat") { _ in
      { x in
        let (a, b) = (try strings(x.tensor(0)), try strings(x.tensor(1)))
        let plan = try Broadcasting([x.tensor(0).shape, x.tensor(1).shape])
        var result = StringCollector()
        try plan.forEachRow { _, offsetA, offsetB, _ in
          for index in 0..<plan.rowLength {
            try result.append(a[offsetA + index * plan.rowStride(0)], b[offsetB + index * plan.rowStride(1)])
          }
        }
        return Tensor(plan.shape, strings: result.strings)
      }
    },
    .tensors("StringSplit") { attributes in
      let delimiter = try attributes.string("delimiter") ?? ""
      let limit = try attributes.int("maxsplit")
      return { x in
        let texts = try strings(x.tensor(0))
        let parts = try texts.map { text in
          // At worst every byte is a part of its own.
          try NetworkBudget.current?.check(2 * MemoryLayout<String>.stride * text.utf8.count)
          return split(text, delimiter, limit)
        }
        let width = parts.map(\.count).max() ?? 0
        let shape = try x.tensor(0).shape
        _ = try Tensor.checkedByteCount(.string, shape + [width])
        var padded = StringCollector()
        for part in parts {
          for text in part { try padded.append(text) }
          for _ in part.count..<width { try padded.append("") }
        }
        return [Tensor(shape + [width], strings: padded.strings), Tensor(int64s: parts.map(\.count), shape)]
      }
    }
    .shapedByRun(),
    .tensor("StringNormalizer") { attributes in
      let change = try attributes.string("case_change_action", default: "NONE")
      let stopwords = try attributes.strings("stopwords") ?? []
      let isSensitive = try attributes.flag("is_case_sensitive")
      return { x in
        let given = try x.tensor(0)
        try require(
          given.rank == 1 || (given.rank == 2 && given.shape[0] == 1), "a list of strings, not shape \(given.shape)")
        let stops = Set(isSensitive ? stopwords : stopwords.map { $0.lowercased() })
        var kept = try strings(given).filter { !stops.contains(isSensitive ? $0 : $0.lowercased()) }
        if change == "LOWER" { kept = kept.map { $0.lowercased() } }
        if change == "UPPER" { kept = kept.map { $0.uppercased() } }
        // Nothing left is one empty string.
        if kept.isEmpty { kept = [""] }
        return Tensor(given.rank == 1 ? [kept.count] : [1, kept.count], strings: kept)
      }
    }
    .shapedByRun(),
    .tensor("ArrayFeatureExtractor", domain: ml) { _ in
      { x in
        let data = try x.tensor(0)
        let places = try x.tensor(1)
        let lined = data.rank == 1 ? try data.reshaped([1, data.count]) : data
        return try GatheringOperators.gather(
          lined, try places.reshaped([places.count]), axis: try normalizedAxis(-1, rank: lined.rank))
      }
    },
    .tensor("Binarizer", domain: ml) { attributes in
      let threshold = Double(try attributes.float("threshold", default: 0))
      return { x in
        let data = try x.tensor(0)
        if !data.type.isFloat {
          let wide = try data.converted(to: .int64)
          let least = Int64(saturating: threshold.rounded(.down))
          return try Tensor(wide.shape, wide.array(of: Int64.self).map { $0 > least ? 1 : 0 as Int64 })
            .converted(to: data.type)
        }
        return try mapReals(data, { Double($0) > threshold ? 1 : 0 }, { $0 > threshold ? 1 : 0 })
      }
    },
    .tensor("LabelEncoder", domain: ml) { attributes in
      let encoder = try LabelEncoder(attributes)
      return { x in try encoder.apply(try x.tensor(0)) }
    },
  ]

  private static func strings(_ x: Tensor) throws -> [String] {
    guard let strings = x.strings else { throw InferenceError(.badType, "strings are needed, not \(x.type.name)") }
    return strings
  }

  /// As Python's `str.split`: at runs of white space when the delimiter is empty.
  private static func split(_ text: String, _ delimiter: String, _ limit: Int?) -> [String] {
    let most = max(0, min(limit ?? Int.max - 1, Int.max - 1))
    if delimiter.isEmpty {
      return text.split(maxSplits: most, omittingEmptySubsequences: true, whereSeparator: \.isWhitespace)
        .map { $0.trimmingCharacters(in: .whitespaces) }
    }
    var parts = text.components(separatedBy: delimiter)
    if parts.count > most + 1 {
      parts = Array(parts[..<most]) + [parts[most...].joined(separator: delimiter)]
    }
    return text.isEmpty ? [] : parts
  }
}

/// LabelEncoder: a table from keys to values, either of them strings, integers or floats.
private struct LabelEncoder: Sendable {
  private let places: [String: Int]
  /// The values, with the default at the end.
  private let values: Tensor

  init(_ attributes: NodeAttributes) throws {
    let keys =
      try Self.list(attributes, "keys", tensor: "keys_tensor")
      ?? attributes.strings("classes_strings").map { Tensor([$0.count], strings: $0) }
    guard let keys, let found = try Self.list(attributes, "values", tensor: "values_tensor"),
      keys.count == found.count
    else { throw InferenceError(.badAttribute, "as many keys as values are needed") }
    places = Dictionary(try Self.names(keys).enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let fallback: Tensor
    switch found.type {
    case .string: fallback = Tensor([1], strings: [try attributes.string("default_string", default: "_Unused")])
    case .float32: fallback = Tensor([1], [try attributes.float("default_float", default: -0.0)])
    case .int64: fallback = Tensor(int64s: [try attributes.int("default_int64", default: -1)])
    default: fallback = try Tensor(zeros: found.type, [1])
    }
    let last = try attributes.tensor("default_tensor").map { try $0.reshaped([1]) } ?? fallback
    values = try SlicingOperators.concatenate([try found.reshaped([found.count]), last], axis: 0)
  }

  private static func list(_ attributes: NodeAttributes, _ stem: String, tensor: String) throws -> Tensor? {
    if let strings = try attributes.strings("\(stem)_strings") { return Tensor([strings.count], strings: strings) }
    if let ints = try attributes.ints("\(stem)_int64s") { return Tensor(int64s: ints) }
    if let floats = try attributes.floats("\(stem)_floats") { return Tensor([floats.count], floats) }
    return try attributes.tensor(tensor)
  }

  /// Keys of any type as text; numbers by their shortest exact form.
  private static func names(_ x: Tensor) throws -> [String] {
    if let strings = x.strings { return strings }
    return x.type.isInteger ? try x.integers().map(String.init) : try x.doubles().map { "\($0)" }
  }

  func apply(_ x: Tensor) throws -> Tensor {
    let found = try Self.names(x).map { places[$0] ?? values.count - 1 }
    return try GatheringOperators.gather(values, Tensor(int64s: found, x.shape), axis: 0)
  }
}
