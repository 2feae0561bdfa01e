using System.Text.Encodings.Web;
using System.Text.Json;
using TenantIdP.Demo.Dns;
using TenantIdP.Demo.Pages;
using TenantIdP.Demo.Scim;

namespace TenantIdP.Demo.Map;

/// <summary>The front page of the demo, and the same facts for programs at <c>/demo.json</c>.</summary>
internal static class DemoMap
{
    // Made to be read by people too: "+" stays "+".
    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Built, not started. Start it last: a map that answers says that the demo is ready.</summary>
    public static WebApplication Build(DemoUniverse universe, DemoSeed seed, DnsPages dns)
    {
        var builder = LoopbackSite.CreateBuilder(universe.Hosts.Map);
        builder.AddScim(universe.Hosts.Issuer, seed.OrganizationIds[DemoUniverse.DirectoryOrganization], seed.Directory);
        var map = builder.Build();
        var facts = DemoFacts.From(universe, seed);
        map.UseLoopbackSite("TenantIdP demo");
        map.MapGet("/", () => MapPage.Render(universe, facts));
        map.MapScim();
        map.MapGet("/demo.json", () => TypedResults.Json(facts, Readable));
        dns.Map(map);
        return map;
    }
}
