import Ground
import Configuration
import Foundation
import Ground
import Glibc

/// Where the program finds its models and themes, and where it may write.
public enum Installation {
  /// The executable's own path, links resolved.
  public static let executable: String = {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = readlink("/proc/self/exe", &buffer, Int(PATH_MAX))
    guard length > 0 else { return CommandLine.arguments.first ?? "ocellus" }
    return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }()

  /// Where sessions write what happens.
  public static var logPath: String { UserFolders.state + "/ocellus.log" }

  /// Folders that may hold `kind` ("models", "themes"), best first: the user's own, the current folder, beside an
  /// installed executable (`../share/ocellus`), and the checkout that the executable was built in (`.build/…`).
  public static func folders(of kind: String) -> [String] {
    var candidates = [UserFolders.data(kind), FileManager.default.currentDirectoryPath + "/" + kind]
    var folder = executable.folderPath
    candidates.append(folder + "/../share/ocellus/" + kind)
    for _ in 0..<4 {
      candidates.append(folder + "/" + kind)
      folder = folder.folderPath
    }
    var seen: Set<String> = []
    return candidates.map { URL(fileURLWithPath: $0).standardized.path }.filter { path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
        && seen.insert(path).inserted
    }
  }
}
