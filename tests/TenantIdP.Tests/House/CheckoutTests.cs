using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using TenantIdP.Core.Events;
using Xunit;

namespace TenantIdP.Tests.House;

public sealed partial class CheckoutTests
{
    private static readonly string[] Texts = [".cs", ".cshtml", ".css", ".csproj", ".props", ".json", ".md", ".yml", ".yaml", ".sh", ".mjs", ".js", ".txt", ".sln", ".editorconfig", ".gitignore"];

    [Fact]
    public void Tracked_files_name_no_path_or_registry_of_somebodys_machine()
    {
        var tracked = SourceTree.TrackedFiles();
        if (tracked is null) Assert.Skip("Not a git checkout.");

        // The public suffix list is the world's: hosts of registries are what it is about.
        var read = tracked.Where(path => Texts.Contains(Path.GetExtension(path)) && !path.EndsWith("package-lock.json", StringComparison.Ordinal) && !path.EndsWith("Domains/Lists/public_suffixes.txt", StringComparison.Ordinal))
            .Select(path => (Path: path, Full: Path.Combine(SourceTree.Root, path))).Where(f => File.Exists(f.Full))
            .Select(f => (f.Path, Text: File.ReadAllText(f.Full))).ToList();

        Assert.True(read.Count > 100); // it read the checkout
        Assert.Empty(from file in read from Match found in MachineFact().Matches(file.Text) select $"{file.Path}: {found.Value}");
    }

    [Fact]
    public void Lock_files_of_npm_name_the_public_registry_only()
    {
        var locks = SourceTree.TrackedFiles()?.Where(path => path.EndsWith("package-lock.json", StringComparison.Ordinal)) ?? [];

        Assert.Empty(from path in locks from Match found in ResolvedHost().Matches(File.ReadAllText(Path.Combine(SourceTree.Root, path))) where found.Groups[1].Value != PublicNpm select $"{path}: {found.Groups[1].Value}");
    }

    [Fact]
    public void Every_type_of_event_has_a_name_of_its_own()
    {
        var names = typeof(EventTypes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!).ToList(); // constants of text

        Assert.NotEmpty(names);
        Assert.Empty(names.GroupBy(n => n).Where(g => g.Count() > 1).Select(g => g.Key));
        Assert.All(names, name => Assert.Matches("^[a-z]+(_[a-z]+)*[.][a-z]+(_[a-z]+)*$", name));
        Assert.All(names, name => Assert.InRange(Encoding.ASCII.GetByteCount(name), 1, 64)); // the column's length
    }

    private const string PublicNpm = "registry." + "npmjs.org";

    // Written apart, so that this file does not find itself.
    [GeneratedRegex("(?<![\\w.])/(" + "work|home" + @")/[\w.]+|(?<![\w.])/root/[\w.]+|\b" + "registry" + @"\.[a-z0-9-]+\.[a-z]{2,}\b")]
    private static partial Regex MachineFact();

    [GeneratedRegex("\"resolved\": \"https?://([^/\"]+)")]
    private static partial Regex ResolvedHost();
}
