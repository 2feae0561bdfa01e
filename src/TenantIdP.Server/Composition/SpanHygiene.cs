using System.Diagnostics;
using OpenTelemetry;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Composition;

/// <summary>
/// Takes out of every span what may be a person's or a secret before it is exported (SECURITY.md F7): queries (codes, states, addresses), the browser, the address of the
/// client, path segments longer than any id. What is left is cut and has no control characters.
/// </summary>
internal sealed class SpanHygiene : BaseProcessor<Activity>
{
    private const int LongestText = 512;

    private static readonly string[] Dropped = ["url.query", "user_agent.original", "client.address", "network.peer.address", "http.target", "http.user_agent", "http.client_ip", "net.peer.ip"];
    private static readonly string[] Addresses = ["url.full", "http.url", "url.path"];

    public override void OnEnd(Activity data)
    {
        foreach (var name in Dropped)
        {
            if (data.GetTagItem(name) is not null) data.SetTag(name, null);
        }

        foreach (var name in Addresses)
        {
            if (data.GetTagItem(name) is string address) data.SetTag(name, Address(address));
        }

        foreach (var (name, value) in data.TagObjects.ToList())
        {
            if (value is string text && LogText.NeedsCare(text, LongestText)) data.SetTag(name, LogText.Clean(text, LongestText));
        }
    }

    /// <summary>Without its query, and without segments that are longer than any id of ours: those are tokens and handles.</summary>
    private static string Address(string address)
    {
        var path = address.Split('?', '#')[0];
        return string.Join('/', path.Split('/').Select(segment => segment.Length > LongestId && !segment.Contains('.', StringComparison.Ordinal) ? "*" : segment));
    }

    /// <summary>Three letters, an underscore and 26 more.</summary>
    private const int LongestId = 30;
}
