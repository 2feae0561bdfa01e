namespace TenantIdP.Client;

/// <summary>What is known of a webhook when it comes.</summary>
public enum WebhookClaim
{
    /// <summary>It is the caller's to handle.</summary>
    New,

    /// <summary>Another request is handling it just now.</summary>
    UnderWay,

    /// <summary>It was handled.</summary>
    Done,
}

/// <summary>
/// Remembers which webhooks were handled, so that each is handled once however often it is sent. The one that is used without any registered remembers 100,000 of them for seven
/// days in the memory of this process; register your own over a store that all nodes share.
/// </summary>
public interface IReceivedWebhooks
{
    /// <summary>Takes it, unless it was taken: of two at once one gets <see cref="WebhookClaim.New"/>.</summary>
    /// <param name="id">The path of the endpoint and the webhook-id.</param>
    /// <param name="cancellationToken">Ends with the request.</param>
    ValueTask<WebhookClaim> ClaimAsync(string id, CancellationToken cancellationToken);

    /// <summary>Says how it ended. One that was not handled is new the next time.</summary>
    /// <param name="id">As it was claimed.</param>
    /// <param name="handled">False when the handler threw.</param>
    ValueTask FinishAsync(string id, bool handled);
}
