import Ground
import Foundation
import Glibc

/// Where the copies of photos go, with their boxes drawn: never over one of the photos, and each to a name of its own.
struct PhotoCopies {
  private struct Identity: Hashable {
    var device: UInt
    var number: UInt

    init?(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      device = UInt(status.st_dev)
      number = UInt(status.st_ino)
    }
  }

  private let folder: String
  private let originals: Set<Identity>
  private var taken: Set<String> = []
  /// The last number that each name has been given.
  private var numbers: [String: Int] = [:]

  init(of photos: [String], in folder: String) {
    self.folder = folder
    originals = Set(photos.compactMap(Identity.init))
  }

  /// The copy's path. Copies of an earlier run are written over.
  mutating func path(for photo: String) throws -> String {
    let file = (photo as NSString).lastPathComponent as NSString
    let ending = file.pathExtension.isEmpty ? "" : "." + file.pathExtension
    var name = file as String
    var number = numbers[file as String] ?? 1
    while !taken.insert(name).inserted {
      number += 1
      name = "\(file.deletingPathExtension)-\(number)\(ending)"
    }
    numbers[file as String] = number
    let path = "\(folder)/\(name)"
    if let present = Identity(path), originals.contains(present) {
      throw CommandFailure(
        what: "not written over the photo itself", place: path, remedy: "name another folder with --save")
    }
    return path
  }
}
