using System.Text.Json.Nodes;

namespace TenantIdP.Demo.Scim;

/// <summary>One request of a directory to its application.</summary>
/// <param name="Purpose">What the directory wants by it, for the person who reads along.</param>
/// <param name="Path">From the base address on, with its query; encoded when it is sent.</param>
internal sealed record ScimRequest(string Purpose, HttpMethod Method, string Path, JsonObject? Body = null);

/// <summary>A request with what came of it.</summary>
/// <param name="Status">Null when there was no answer.</param>
/// <param name="Tries">More than one when the application asked to wait.</param>
internal sealed record ScimExchange(ScimRequest Request, int? Status, JsonNode? Answer, TimeSpan Took, int Tries)
{
    public bool IsOk => Status is >= 200 and < 300;

    /// <summary>The resource of the answer, or the first one that a list found.</summary>
    public JsonObject? Resource => Answer?["Resources"] is JsonArray list ? list.FirstOrDefault() as JsonObject : Answer as JsonObject;

    public string? Id => IsOk ? (string?)Resource?["id"] : null;

    /// <summary>What the application says is wrong.</summary>
    public string? Detail => IsOk ? null : Status is null ? "There was no answer." : Answer is JsonObject error ? (string?)error["detail"] : null;
}
