using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Xunit;

namespace TenantIdP.Tests.House;

/// <summary>The Web SDK prunes packages that the shared framework also has: an older, vulnerable copy would load in place of the pinned one.</summary>
public sealed class PatchLevelTests
{
    private const string Library = "System.Security.Cryptography.Xml";
    private static readonly Version Floor = new(10, 0, 15);

    [Fact]
    public void The_XML_signature_library_that_loads_is_the_pinned_one()
    {
        var loaded = Assembly.Load(Library);
        var informational = loaded.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+', '-')[0];

        Assert.True(Version.TryParse(informational, out var version) && version >= Floor, $"{loaded.Location} is {informational}");
    }

    [Fact]
    public void The_server_and_the_demo_ship_the_pinned_XML_signature_library()
    {
        Assert.All(new[] { "TenantIdP.Server", "TenantIdP.Demo" }, project =>
        {
            var output = Path.Combine(SourceTree.Root, "src", project, "bin", Configuration, "net10.0");
            var shipped = FileVersionInfo.GetVersionInfo(Path.Combine(output, Library + ".dll"));
            Assert.True(new Version(shipped.FileMajorPart, shipped.FileMinorPart) >= new Version(10, 0) && Version.Parse(shipped.ProductVersion!.Split('+', '-')[0]) >= Floor, $"{project} ships {shipped.ProductVersion}"); // Microsoft's files have one

            // The host prefers the higher of the framework's and ours by what the dependency file says.
            using var dependencies = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, project + ".deps.json")));
            Assert.Contains(dependencies.RootElement.GetProperty("libraries").EnumerateObject(), l => l.Name.StartsWith(Library + "/", StringComparison.Ordinal) && Version.Parse(l.Name.Split('/')[1]) >= Floor);
        });
    }

    private static string Configuration => typeof(PatchLevelTests).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration; // set by the SDK
}
