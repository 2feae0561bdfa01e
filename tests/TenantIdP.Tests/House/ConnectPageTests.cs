using System.Text.RegularExpressions;
using TenantIdP.Core.Connections;
using Xunit;

namespace TenantIdP.Tests.House;

/// <summary>docs/connect has a page for each provider that the API knows by name, and leads nowhere that is not.</summary>
public sealed partial class ConnectPageTests
{
    /// <summary>The providers that sync by SCIM; their pages say how.</summary>
    private static readonly string[] WithScim = ["okta", "entra_id", "google_workspace", "onelogin", "jumpcloud", "pingfederate"];

    private static readonly string Folder = Path.Combine(SourceTree.Root, "docs", "connect");

    [Fact]
    public void Every_preset_has_its_page_in_the_table()
    {
        var table = File.ReadAllText(Path.Combine(Folder, "README.md"));

        Assert.All(SamlPresets.All, preset =>
        {
            var page = File.ReadAllText(Path.Combine(SourceTree.Root, preset.Docs));
            Assert.Contains($"\"preset\": \"{preset.Id}\"", page, StringComparison.Ordinal);
            Assert.Contains($"preset `{preset.Id}`", table, StringComparison.Ordinal);
            Assert.Contains($"]({Path.GetFileName(preset.Docs)})", table, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void The_pages_of_providers_that_sync_say_what_to_enter_for_each_way()
    {
        Assert.All(WithScim, id =>
        {
            var page = File.ReadAllText(Path.Combine(SourceTree.Root, SamlPresets.Find(id)!.Docs)); // the list above is of presets
            foreach (var part in (string[])["## Single sign-on by SAML", "## Single sign-on by OpenID Connect", "## SCIM", "`serviceProvider.acsUrl`", "/sso/oidc/{connectionId}/callback", "base URL of the directory", "the token"])
                Assert.Contains(part, page, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Every_link_leads_to_a_file()
    {
        var links = Directory.EnumerateFiles(Folder, "*.md").SelectMany(file => Link().Matches(File.ReadAllText(file)).Select(match => (File: file, To: match.Groups[1].Value))).Where(l => !l.To.Contains("://", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(links);
        Assert.All(links, link => Assert.True(File.Exists(Path.GetFullPath(Path.Combine(Folder, link.To))), $"{Path.GetFileName(link.File)}: {link.To}"));
    }

    [GeneratedRegex(@"\]\(([^)#\s]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();
}
