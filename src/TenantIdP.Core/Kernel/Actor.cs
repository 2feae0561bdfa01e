namespace TenantIdP.Core.Kernel;

/// <summary>Who does what is being done: written into every event.</summary>
public sealed record Actor(ActorKind Kind, string Id)
{
    /// <summary>The app that acts in the person's name with an exchanged token (RFC 8693 section 4.1); null: they themselves.</summary>
    public string? Act { get; init; }

    public static readonly Actor System = new(ActorKind.System, "system");
}

public enum ActorKind
{
    System,
    User,
    App,
    Directory,

    /// <summary>A configuration file that an operator applies; the id is its name.</summary>
    Config,

    /// <summary>An organization's key.</summary>
    Key,
}

/// <summary>The actor and the trace of the current request or job; set once where it enters, read by the event log.</summary>
public sealed class ActorContext
{
    public Actor Actor { get; set; } = Actor.System;
    public string? TraceId { get; set; }
}
