using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using TenantIdP.Client.Webhooks;

namespace TenantIdP.Client;

/// <summary>An endpoint that receives webhooks.</summary>
public static class TenantIdPWebhookEndpoint
{
    /// <summary>
    /// Receives what the secret signs. What is not signed by it, is older or newer than five minutes, or is larger than 256 KB never reaches the handler. A webhook that was
    /// handled is answered alike when it comes again (<see cref="IReceivedWebhooks"/>). When the handler throws, the request fails and the webhook is sent again later: at once
    /// at first, for three days.
    /// </summary>
    /// <param name="routes">The application.</param>
    /// <param name="path">Such as <c>/webhooks/tenantidp</c>; anonymous, because the signature is the credential.</param>
    /// <param name="secret"><c>whsec_</c> and base64, as it was shown when the endpoint was made.</param>
    /// <param name="handler">Should end within a few seconds: after ten it counts as failed. The request gives it services and the token that ends it.</param>
    /// <exception cref="FormatException">The secret is none.</exception>
    public static IEndpointConventionBuilder MapTenantIdPWebhook(
        this IEndpointRouteBuilder routes, [StringSyntax("Route")] string path, string secret, Func<TenantIdPWebhook, HttpContext, Task> handler) => routes.MapTenantIdPWebhook(path, [secret], handler);

    /// <summary>As the other one, with the secrets of an endpoint whose secret changes, or of several endpoints: any of them will do.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="path">Such as <c>/webhooks/tenantidp</c>.</param>
    /// <param name="secrets">At least one.</param>
    /// <param name="handler">Should end within a few seconds.</param>
    /// <exception cref="FormatException">One of the secrets is none.</exception>
    public static IEndpointConventionBuilder MapTenantIdPWebhook(
        this IEndpointRouteBuilder routes, [StringSyntax("Route")] string path, IReadOnlyCollection<string> secrets, Func<TenantIdPWebhook, HttpContext, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(secrets);
        ArgumentNullException.ThrowIfNull(handler);
        if (secrets.Count == 0) throw new ArgumentException("An endpoint without a secret would believe nobody.", nameof(secrets));
        foreach (var secret in secrets) WebhookSignature.Check(secret);
        return routes.MapPost(path, new WebhookReceiver(path, [.. secrets], handler).ReceiveAsync).AllowAnonymous().ExcludeFromDescription();
    }
}
