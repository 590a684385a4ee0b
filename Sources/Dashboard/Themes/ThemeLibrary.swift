import Configuration
import Glibc
package import Ground

/// Finds themes: files `NAME.theme` in a list of folders, the first that has one wins; the default one is built in.
package struct ThemeLibrary: Sendable {
  private let folders: [String]

  /// - Parameter folders: searched after the user's own folder in the XDG configuration.
  package init(folders: [String]) { self.folders = [UserFolders.configuration + "/themes"] + folders }

  package init(onlyFolders folders: [String]) { self.folders = folders }

  /// The default first, the others by name.
  package var names: [String] {
    let found = folders.flatMap { Self.files(in: $0).map { String($0.dropLast(6)) } }
    return [DefaultTheme.name] + Set(found).subtracting([DefaultTheme.name]).sorted()
  }

  /// Every theme that can be chosen, as ``names`` orders them, with the file it is read from; nil: built in.
  package var listing: [(name: String, path: String?)] {
    names.map { name in
      (name, folders.lazy.map { "\($0)/\(name).theme" }.first { access($0, R_OK) == 0 })
    }
  }

  /// The theme to use for a choice: on a terminal with 8 or 16 colours the default theme is replaced by one made for them.
  package func chosen(_ name: String, for depth: ColorDepth) -> String {
    let few = DefaultTheme.nameForFewColors
    let isFew = depth == .eight || depth == .sixteen
    return isFew && name == DefaultTheme.name && names.contains(few) ? few : name
  }

  /// - Throws: ``DashboardError`` when there is no such theme, or its file is invalid.
  package func load(_ name: String) throws(DashboardError) -> Theme {
    for folder in folders where !name.contains("/") {
      let path = "\(folder)/\(name).theme"
      let text: String
      do throws(ConfigurationError) { text = try SmallFile.text(path, limit: ThemeParser.largestFile) } catch {
        if error.kind == .notFound { continue }
        throw DashboardError(.badTheme, error.what, place: path)
      }
      return try ThemeParser.theme(name: name, pairs: ThemeParser.pairs(of: text, place: path), place: path)
    }
    if name == DefaultTheme.name { return DefaultTheme.theme }
    throw DashboardError(.badTheme, "no theme named '\(name)'", remedy: "`ocellus themes` lists them")
  }

  /// Names of the files in a folder that end in `.theme`, sorted.
  private static func files(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory), names.count < 1000 {
      // Safe: d_name is a C string inside the entry, which lives until the next readdir.
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".theme"), !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }
}
