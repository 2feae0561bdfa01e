using Xunit;

namespace TenantIdP.Tests.House;

/// <summary>Who may know whom (DESIGN.md section 2), read from what was compiled.</summary>
public sealed class ProjectArrowTests
{
    private const string Core = "TenantIdP.Core", Storage = "TenantIdP.Storage", Engine = "TenantIdP.Engine.OpenIddict", Saml = "TenantIdP.Saml", Scim = "TenantIdP.Scim", Server = "TenantIdP.Server", Demo = "TenantIdP.Demo", Client = "TenantIdP.Client";

    private static readonly string[] Engines = ["OpenIddict"];
    private static readonly string[] Providers = ["Npgsql", "Microsoft.Data.Sqlite", "Microsoft.EntityFrameworkCore.Sqlite", "SQLitePCLRaw"];

    [Theory]
    [InlineData(Core, "")]
    [InlineData(Storage, Core)]
    [InlineData(Engine, Core)]
    [InlineData(Saml, "")]
    [InlineData(Scim, "")]
    [InlineData(Client, "")]
    [InlineData(Server, $"{Core} {Storage} {Engine} {Saml} {Scim}")]
    [InlineData(Demo, $"{Core} {Server} {Client}")]
    public void A_project_references_only_what_the_house_allows(string project, string allowed)
    {
        using var assembly = new CompiledAssembly(project);

        var ours = assembly.References.Where(r => r.StartsWith("TenantIdP.", StringComparison.Ordinal));

        Assert.Empty(ours.Except(allowed.Split(' ')));
    }

    [Fact]
    public void The_core_knows_no_web_no_engine_and_no_database_product()
    {
        using var core = new CompiledAssembly(Core);

        Assert.DoesNotContain(core.References, r => Is(r, "Microsoft.AspNetCore", "Microsoft.Extensions.Identity", "Microsoft.IdentityModel", "System.IdentityModel") || Is(r, Engines) || Is(r, Providers));
    }

    [Fact]
    public void The_scim_kernel_references_the_base_library_only()
    {
        using var scim = new CompiledAssembly(Scim);

        Assert.All(scim.References, r => Assert.True(Is(r, "System"), r));
    }

    [Fact]
    public void Storage_knows_no_engine()
    {
        using var storage = new CompiledAssembly(Storage);

        Assert.DoesNotContain(storage.References, r => Is(r, Engines));
    }

    [Fact]
    public void Only_the_composition_of_the_server_names_an_engine_or_a_store()
    {
        using var server = new CompiledAssembly(Server);

        var named = server.Uses().Where(use => Is(use.Assembly, Storage, Engine) || Is(use.Assembly, Engines) || Is(use.Assembly, Providers)).ToList();

        Assert.Contains(named, use => use.Assembly == Engine); // the reader sees such uses at all
        Assert.Contains(named, use => use.Assembly == Storage);
        Assert.DoesNotContain(named, use => !use.Type.StartsWith(Server + ".Composition.", StringComparison.Ordinal) && use.Type is not (Server + ".ServerApp" or Server + ".ServerProgram"));
    }

    private static bool Is(string reference, params string[] families) =>
        families.Any(f => reference == f || reference.StartsWith(f + ".", StringComparison.Ordinal));
}
