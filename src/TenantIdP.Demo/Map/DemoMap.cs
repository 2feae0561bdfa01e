using System.Text.Encodings.Web;
using System.Text.Json;
using TenantIdP.Demo.Dns;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.Map;

/// <summary>The front page of the demo, and the same facts for programs at <c>/demo.json</c>.</summary>
internal static class DemoMap
{
    // Made to be read by people too: "+" stays "+".
    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Built, not started. Start it last: a map that answers says that the demo is ready.</summary>
    public static WebApplication Build(DemoUniverse universe, DemoSeed seed, DnsPages dns)
    {
        var map = LoopbackSite.CreateBuilder(universe.Hosts.Map).Build();
        var facts = DemoFacts.From(universe, seed);
        map.UseLoopbackSite("TenantIdP demo");
        map.MapGet("/", () => MapPage.Render(universe, facts));
        map.MapGet("/demo.json", () => TypedResults.Json(facts, Readable));
        dns.Map(map);
        return map;
    }
}
