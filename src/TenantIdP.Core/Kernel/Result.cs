using System.Diagnostics.CodeAnalysis;

namespace TenantIdP.Core.Kernel;

/// <summary>What sort of refusal an <see cref="Error"/> is; each edge maps it to its own status.</summary>
public enum ErrorKind
{
    Invalid,
    NotFound,
    Conflict,
    Forbidden,
    PreconditionFailed,
    TooMany,
    Unavailable,
}

/// <summary>An expected failure. <see cref="Code"/> is stable, snake_case and documented; <see cref="Message"/> says what to do next.</summary>
public sealed record Error(ErrorKind Kind, string Code, string Message, string? Field = null)
{
    /// <summary>The id of what stands in the way, for callers who may read it.</summary>
    public string? ExistingId { get; init; }
}

/// <summary>Success or an <see cref="Kernel.Error"/>.</summary>
public readonly record struct Result
{
    private Result(Error? error) => Error = error;

    public static Result Ok => default;

    public Error? Error { get; }

    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Error is null;

    public static implicit operator Result(Error error) => new(error);
}

/// <summary>A value or an <see cref="Kernel.Error"/>.</summary>
public readonly record struct Result<T> where T : notnull
{
    private Result(T? value, Error? error) => (Value, Error) = (value, error);

    public T? Value { get; }
    public Error? Error { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Error is null;

    public static implicit operator Result<T>(T value) => new(value, null);
    public static implicit operator Result<T>(Error error) => new(default, error);
}
