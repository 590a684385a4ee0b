import Capture
import Foundation
import Glibc
import Ground
import Service

/// Where the copies of pictures go, with their boxes drawn: never over one that is looked at, and each to a name of its own.
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

  /// Characters of a name that are kept: addresses are long.
  private static let longestName = 100

  private let folder: String
  private let originals: Set<Identity>
  private var taken: Set<String> = []
  /// The last number that each name has been given.
  private var numbers: [String: Int] = [:]

  /// - Parameter originals: the files that are looked at.
  init(of originals: [String], in folder: String) {
    self.folder = folder
    self.originals = Set(originals.compactMap(Identity.init))
  }

  /// The copy's path. Copies of an earlier run are written over.
  mutating func path(for picture: LonePicture) throws -> String {
    let wanted = Self.name(picture)
    let file = wanted as NSString
    let ending = file.pathExtension.isEmpty ? "" : "." + file.pathExtension
    var name = wanted
    var number = numbers[wanted] ?? 1
    while !taken.insert(name).inserted {
      number += 1
      name = "\(file.deletingPathExtension)-\(number)\(ending)"
    }
    numbers[wanted] = number
    let path = "\(folder)/\(name)"
    if let present = Identity(path), originals.contains(present) {
      throw CommandFailure(
        what: "not written over the photo itself", place: path, remedy: "name another folder with --save")
    }
    return path
  }

  /// A photo's own name, ending in `.png` where its format is not one that is written; a frame's has its number.
  private static func name(_ picture: LonePicture) -> String {
    let file = (picture.name as NSString).lastPathComponent
    guard let frame = picture.frame else {
      let isForeign = PhotoFormat.foreignEndings.contains { file.lowercased().hasSuffix($0) }
      return isForeign ? (file as NSString).deletingPathExtension + ".png" : file
    }
    let stem = (file as NSString).deletingPathExtension.prefix(longestName).map { character in
      character.isLetter || character.isNumber || "._-".contains(character) ? character : "-"
    }
    return String(stem) + String(format: "-%06d.jpg", frame)
  }
}
