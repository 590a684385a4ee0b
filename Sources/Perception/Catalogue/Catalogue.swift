import Configuration
import Foundation
import Ground

/// Well-known networks that can be downloaded: what `models/catalogue.toml` lists.
public struct Catalogue: Sendable {
  /// One network of the list.
  public struct Entry: Sendable, Hashable {
    public var name: String
    public var task: ModelTask
    /// The network file's size and SHA-256 (lowercase hexadecimal), as its publisher states them.
    public var bytes: Int
    public var sha256: String
    public var license: String
    /// Where it comes from, for people.
    public var source: String
    /// Addresses to try, in order.
    public var urls: [String]
    /// Whether it is one to begin with: small, and of use for many things.
    public var isSuggested: Bool
    /// The manifest that is written beside the network; empty when it needs none.
    public var manifest: String
  }

  public let entries: [Entry]

  /// Reads a catalogue file.
  ///
  /// - Throws: `ConfigurationError` that names the line and the field, ``PerceptionError`` for a name that is listed twice.
  public init(path: String) throws {
    try self.init(text: SmallFile.text(path, limit: 1 << 20), path: path)
  }

  public init(text: String, path: String) throws {
    let reader = ConfigReader(try ConfigDocument(text: text, file: path))
    entries = try reader.tables("model", atMost: 10_000).map(Entry.init)
    try reader.finish()
    var names = Set<String>()
    for entry in entries where !names.insert(entry.name).inserted {
      throw PerceptionError(.badManifest, "'\(entry.name)' is listed twice", place: path)
    }
  }

  /// The network of that name.
  ///
  /// - Throws: ``PerceptionError`` with the nearest name.
  public func entry(named name: String) throws -> Entry {
    if let found = entries.first(where: { $0.name == name }) { return found }
    let names = entries.map(\.name)
    let near = Spelling.nearest(to: name, among: names).map { "did you mean '\($0)'?" }
    throw PerceptionError(
      .notFound, "the catalogue has no model '\(name)'", remedy: near ?? "it has \(names.joined(separator: ", "))")
  }
}

extension Catalogue.Entry {
  init(_ reader: ConfigReader) throws {
    func required<Value>(_ key: String, _ value: Value?) throws -> Value {
      guard let value else { throw reader.error(key, "is missing") }
      return value
    }
    name = try required("name", reader.string("name"))
    // The name becomes a file's name.
    guard !name.isEmpty, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }),
      !name.hasPrefix(".")
    else { throw reader.error("name", "may hold letters, digits, '-', '_' and '.' only") }
    task = try required("task", reader.choice("task", ModelTask.allCases.map { ($0.rawValue, $0) }))
    bytes = try required("bytes", reader.int("bytes", in: 1...(1 << 36)))
    sha256 = try required("sha256", reader.string("sha256")).lowercased()
    guard sha256.count == 64, sha256.allSatisfy(\.isHexDigit) else {
      throw reader.error("sha256", "must be 64 hexadecimal digits")
    }
    license = try required("license", reader.string("license"))
    source = try reader.string("source") ?? ""
    urls = try required("urls", reader.strings("urls"))
    guard !urls.isEmpty, urls.allSatisfy({ $0.hasPrefix("https://") || $0.hasPrefix("http://") }) else {
      throw reader.error("urls", "must hold addresses that begin with https:// or http://")
    }
    isSuggested = try reader.bool("suggested") ?? false
    manifest = try reader.string("manifest") ?? ""
  }
}
