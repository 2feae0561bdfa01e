using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Tests.House;
using Xunit;

namespace TenantIdP.Tests.Connections;

public sealed class SamlPresetTests
{
    [Fact]
    public void Every_preset_has_a_page_that_names_it_and_makes_a_connection()
    {
        var now = TimeProvider.System.GetUtcNow();
        Assert.Equal(8, SamlPresets.All.Count);
        Assert.All(SamlPresets.All, preset =>
        {
            Assert.Contains($"\"{preset.Id}\"", File.ReadAllText(Path.Combine(SourceTree.Root, preset.Docs)), StringComparison.Ordinal);
            var settings = new SamlSettings("https://idp.example.test/sso", preset.SsoBinding)
            {
                Preset = preset.Id, Subject = preset.Subject, Attributes = preset.Attributes, NameIdFormat = preset.NameIdFormat, SignRequests = preset.SignRequests,
            };
            Assert.True(Connection.CreateSaml(Id<Organization>.New(now), preset.DisplayName, "https://idp.example.test", settings, now).IsOk);
        });
    }
}
