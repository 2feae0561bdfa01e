using System.Diagnostics;

namespace TenantIdP.Tests.House;

/// <summary>The checkout these tests were built from.</summary>
internal static class SourceTree
{
    public static string Root { get; } = FindRoot();

    /// <summary>C# files that somebody wrote, as paths with forward slashes below the root.</summary>
    public static IEnumerable<(string Path, string Text)> SourceFiles() =>
        from file in Directory.EnumerateFiles(System.IO.Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
        let path = System.IO.Path.GetRelativePath(Root, file).Replace('\\', '/')
        where !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/Migrations/", StringComparison.Ordinal)
        select (path, File.ReadAllText(file));

    /// <summary>What git tracks; null when this is no checkout (an archive, a container).</summary>
    public static IReadOnlyList<string>? TrackedFiles()
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", ["-C", Root, "ls-files", "-z"]) { RedirectStandardOutput = true, RedirectStandardError = true });
            if (git is null) return null;
            var listed = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            return git.ExitCode == 0 ? listed.Split('\0', StringSplitOptions.RemoveEmptyEntries) : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // no git
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "TenantIdP.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException("TenantIdP.sln is not above the tests.");
    }
}
