import Glibc
import Testing

import Configuration

/// Where the user's files are: the variables of the XDG Base Directory specification, `$HOME`, the password entry.
@Suite struct UserFoldersTests {
  /// The three folders with these variables and no others.
  private func folders(_ values: [String: String], entry: String? = "/entry") -> [String] {
    let base = UserBase(variable: { values[$0] }, entry: { entry })
    return [base.configuration, base.state, base.data("models")]
  }

  private func usual(below home: String) -> [String] {
    [home + "/.config/ocellus", home + "/.local/state/ocellus", home + "/.local/share/ocellus/models"]
  }

  @Test func everythingIsBelowHome() {
    #expect(folders(["HOME": "/somewhere/else"]) == usual(below: "/somewhere/else"))
  }

  @Test func withoutHomeThePasswordEntryTells() {
    #expect(folders([:]) == usual(below: "/entry"))
    #expect(folders(["HOME": ""]) == usual(below: "/entry"))
    #expect(folders([:], entry: nil) == usual(below: "/root"))
  }

  @Test func eachVariableMovesItsOwnFolder() {
    let usual = usual(below: "/h")
    #expect(folders(["HOME": "/h", "XDG_CONFIG_HOME": "/c"]) == ["/c/ocellus", usual[1], usual[2]])
    #expect(folders(["HOME": "/h", "XDG_STATE_HOME": "/s"]) == [usual[0], "/s/ocellus", usual[2]])
    #expect(folders(["HOME": "/h", "XDG_DATA_HOME": "/d"]) == [usual[0], usual[1], "/d/ocellus/models"])
  }

  /// "If an implementation encounters a relative path in any of these variables it should consider the path invalid and
  /// ignore it"; an empty one counts as not set.
  @Test(arguments: ["", "relative", "./here", "../up", "~/mine"]) func otherPathsAreIgnored(path: String) {
    let values = ["HOME": "/h", "XDG_CONFIG_HOME": path, "XDG_STATE_HOME": path, "XDG_DATA_HOME": path]
    #expect(folders(values) == usual(below: "/h"))
  }

  @Test func theProgramReadsItsOwnEnvironment() throws {
    let home = try #require(UserBase.process.entry())
    let entry = try #require(getpwuid(getuid()))
    #expect(home == String(cString: entry.pointee.pw_dir))
    #expect(UserBase.process.variable("PATH") == getenv("PATH").map { String(cString: $0) })
    #expect(UserFolders.configuration == UserBase.process.configuration)
  }
}
