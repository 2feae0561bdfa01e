using System.Text.Json;

namespace TenantIdP.Client;

/// <summary>A webhook whose signature, time and form were found right.</summary>
/// <param name="Id">The header <c>webhook-id</c>: the id of the event, the same however often it is sent.</param>
/// <param name="Type">Such as <c>member.joined</c>. New types may come: ignore those you don't know.</param>
/// <param name="Timestamp">When it happened, not when it was sent.</param>
/// <param name="Data">The event as <c>GET /api/v1/events</c> lists it.</param>
public sealed record TenantIdPWebhook(string Id, string Type, DateTimeOffset Timestamp, JsonElement Data)
{
    /// <summary>The type of a test delivery: nothing has happened.</summary>
    public const string TestType = "webhook.test";

    /// <summary>Where it happened; null for an event of the instance.</summary>
    public string? OrganizationId => Text("organizationId");

    /// <summary>The id of what it happened to.</summary>
    public string? Target => Text("target");

    private string? Text(string member) => Data.ValueKind == JsonValueKind.Object && Data.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
