import Foundation

/// Small files from outside: manifests, names, vocabularies.
enum OutsideFile {
  /// The whole file; nil if there is none, it is no regular file (a device or pipe would never end) or it is larger than
  /// `limit` bytes.
  static func read(_ path: String, limit: Int) -> Data? {
    let place = (path as NSString).resolvingSymlinksInPath
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: place),
      attributes[.type] as? FileAttributeType == .typeRegular,
      let bytes = (attributes[.size] as? NSNumber)?.intValue, bytes <= limit
    else { return nil }
    return FileManager.default.contents(atPath: place)
  }
}
